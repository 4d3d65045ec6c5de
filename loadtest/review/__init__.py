"""After the windows: what a reviewer would change about the pages, and flame graphs of them.

The tools run in cells of their own, of the image for development; measured cells have none of them.
"""
