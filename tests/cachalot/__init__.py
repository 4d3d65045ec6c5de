"""django-cachalot's own tests, run against the query cache: `python -m tests.cachalot`."""
