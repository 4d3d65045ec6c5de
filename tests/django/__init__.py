"""Django's own test suite, run with the query cache on every query: `make test-django`."""
