"""The name of cachalot's caches, which only tests of its own interface use."""

cachalot_caches = None
