"""What a database session was told by SET: part of each entry's key, or a reason not to cache.

Statements are classified in `sql`; a new connection begins a new session.
"""

from typing import Any

from slipstream.generations.sql import Statement

__all__ = ["Session"]

NOT_UNDERSTOOD = "a SET that wasn't understood"
HARMLESS = frozenset(
    {
        "application_name",
        "client_min_messages",
        "idle_in_transaction_session_timeout",
        "jit",
        "lock_timeout",
        "maintenance_work_mem",
        "statement_timeout",
        "synchronous_commit",
        "work_mem",
        "foreign_keys",  # PRAGMA and SET of constraints change what may be written, not what is read
        "defer_foreign_keys",
        "foreign_key_checks",
        "constraints",
        "journal_mode",
        "synchronous",
        "busy_timeout",
    }
)


class Session:
    """Values of one database session. Within a transaction a SET may be undone with it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the connection is a new one, or was told to forget."""
        self._values: dict[str, str] = {}
        self._pending: dict[str, str] | None = None
        self._unclear = False
        self._unknown = ""
        self.key = ""
        self.strayed = False  # USE of another database than the alias's

    @property
    def reason(self) -> str:
        """Return why nothing of this session may be cached now; empty where it may."""
        if self._unknown or self.strayed:
            return self._unknown or "USE of another database"
        return "a SET in this transaction" if self._pending is not None else ""

    def set(self, statement: Statement, params: Any, *, in_transaction: bool) -> None:
        """Note a statement of the kind SESSION."""
        name = (statement.variable or "").lower()
        if name in HARMLESS:
            return
        if not name:
            self.forget_all_we_know()
        elif in_transaction:
            self._in_transaction(name, statement, params)
        elif not statement.local:  # SET LOCAL outside of a transaction does nothing
            self._assign(self._values, name, statement, params)
            self._rekey()

    def forget_all_we_know(self, reason: str = NOT_UNDERSTOOD) -> None:
        """Cache nothing until the session is reset."""
        self._unknown = reason

    def _in_transaction(self, name: str, statement: Statement, params: Any) -> None:
        if self._pending is None:
            self._pending = dict(self._values)
        if not statement.local:
            self._assign(self._pending, name, statement, params)

    def _assign(self, values: dict[str, str], name: str, statement: Statement, params: Any) -> None:
        if name == "all":  # RESET ALL, DISCARD ALL
            values.clear()
            self._unknown = ""
        elif not statement.value:  # RESET
            values.pop(name, None)
        else:
            values[name] = f"{statement.value} {params!r}"

    def rolled_back_to_savepoint(self) -> None:
        """Some of the pending values may be undone, and nobody says which."""
        self._unclear = self._pending is not None

    def ended(self, *, committed: bool) -> None:
        """The transaction is over: its values hold, or never did."""
        if self._pending is None:
            return
        if committed:
            self._unknown = self._unknown or (NOT_UNDERSTOOD if self._unclear else "")
            self._values = self._pending
        self._pending, self._unclear = None, False
        self._rekey()

    def _rekey(self) -> None:
        self.key = repr(sorted(self._values.items())) if self._values else ""
