"""The web service of the replica: its settings, the profiles' protocol, and the process that runs gunicorn.

Belongs to the image, not to the installable app: a site of its own needs none of it.
"""
