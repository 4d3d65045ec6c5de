"""The name that another module of the tests takes from here."""

from cachalot.api import invalidate

__all__ = ["invalidate"]
