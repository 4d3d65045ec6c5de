"""The query cache: every ORM read from a cache, never stale.

What invalidates it is `slipstream.generations`; here is what is stored, and when.
"""
