"""Signals of the query cache, for a site's own monitoring. Sent only where somebody listens."""

from django.dispatch import Signal

__all__ = ["difference", "hit", "invalidated", "missed"]

hit = Signal()
"""tables, sql: a read was answered from the cache."""
missed = Signal()
"""tables: a read was not, and is stored now."""
invalidated = Signal()
"""tables: a write made what depends on them unreachable."""
difference = Signal()
"""sql, params, cached, fresh: verify mode found an entry that is not what the database says."""
