"""Signals of the query cache, for a site's own monitoring. Sent only where somebody listens."""

from django.dispatch import Signal

__all__ = ["bypassed", "difference", "hit", "in_flux", "invalidated", "missed"]

hit = Signal()
"""tables, sql: a read was answered from the cache."""
missed = Signal()
"""tables, sql: a read was not, and is stored now."""
in_flux = Signal()
"""tables, sql: a read was neither, because of a write under way or a quarantine."""
bypassed = Signal()
"""tables, sql, reason: a read went to the database by itself. Without sql: it isn't stored."""
invalidated = Signal()
"""tables: a write made what depends on them unreachable."""
difference = Signal()
"""sql, params, cached, fresh: verify mode found an entry that is not what the database says."""
