"""The baseline of the factor: each request opens a connection and closes it at its end."""

from slipstream.optimization import Settings
from slipstream.site import network_databases

__all__ = ["apply"]


def apply(settings: Settings) -> None:
    """Give up connections that outlive a request, and pools."""
    for database in network_databases(settings).values():
        database["CONN_MAX_AGE"] = 0
        database["OPTIONS"] = {
            name: value for name, value in database.get("OPTIONS", {}).items() if name != "pool"
        }
