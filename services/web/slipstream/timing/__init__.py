"""Server-Timing on each response: where a request's time went, counted in the process itself.

To use it, put `slipstream.timing.middleware.ServerTimingMiddleware` first in MIDDLEWARE; it
installs the instrumentation once per process. Not here: anything that reads the header.
"""
