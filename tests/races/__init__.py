"""Writers and readers race for a table of counters, and a read that comes too late is found out.

`python -m tests.races` runs it; `__main__.py` says what counts as stale.
"""
