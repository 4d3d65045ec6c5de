"""Campus: a small social network for colleges.

A plain Django site; it needs nothing but Django (and Postgres, where it is told of one).
"""
