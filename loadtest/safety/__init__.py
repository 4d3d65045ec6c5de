"""Whether a cell's optimizations change what visitors get, which no throughput shows.

Each cell is crawled beside the baseline, written to and read back at once from its other processes,
and logged out of; a query cache is also run in its verify mode. `stage.py` has the order.
"""
