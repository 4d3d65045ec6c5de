"""The name of cachalot's cache inside of a transaction, whose tests are about its own interface."""

AtomicCache = None
