"""Whether a connection is inside a transaction, and what that lets a reader see: as the driver says it.

Django's own flags miss a BEGIN that was sent as text.
"""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["in_transaction", "reads_a_snapshot"]


def _postgres(connection: Any) -> bool:
    info = getattr(connection.connection, "info", None)
    status = getattr(info, "transaction_status", 0)
    return int(status) != 0  # psycopg's and psycopg2's IDLE


def _sqlite(connection: Any) -> bool:
    return bool(connection.connection.in_transaction)


def _mysql(connection: Any) -> bool:
    with connection.wrap_database_errors:  # a driver may refuse to answer once it is closed
        return not connection.connection.get_autocommit()  # a SET as text may have turned it off


DRIVERS: Mapping[str, Callable[[Any], bool]] = {
    "postgresql": _postgres,
    "sqlite": _sqlite,
    "mysql": _mysql,
}


def in_transaction(connection: Any) -> bool:
    """Say whether what `connection`, Django's, writes now is committed by a later statement."""
    if not connection.autocommit:
        return True
    ask = DRIVERS.get(connection.vendor)
    return bool(ask and connection.connection is not None and ask(connection))


def reads_a_snapshot(connection: Any) -> str:
    """Return why reads may see an older state than a commit that is over; empty where they can't.

    Each statement of READ COMMITTED sees all that was committed before it; a transaction of
    SQLite sees what was there when it began to read.
    """
    if connection.vendor == "sqlite":
        return "a transaction of SQLite" if in_transaction(connection) else ""
    return "" if connection.vendor in ("postgresql", "mysql") else "an unknown database"
