"""Table generations: which cached data is still true, kept in the cache by hooks on every write.

The query cache and the fragments read them; what is cached under them is not here.
"""
