"""Stands in for django-cachalot: its tests come from its distribution, all else is the query cache.

A module that isn't here must not be found: only `tests` has the distribution on its path.
"""
