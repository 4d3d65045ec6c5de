"""The site's pages, a module for each subject.

Their addresses are in campus.urls.
"""
