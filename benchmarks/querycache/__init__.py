"""The query cache beside django-cachalot, django-cacheops and none, in one run on the same services.

`__main__.py` runs it in the project's environment; `worker.py` is a process that measures, in the
environment of the libraries.
"""
