"""The answer to 'what does this statement do?': plain data, no parsing."""

import enum
from dataclasses import dataclass

__all__ = ["Kind", "Statement"]


class Kind(enum.Enum):
    """What a statement is, as far as caches care."""

    READ = "read"
    WRITE = "write"
    SCHEMA = "schema"  # on MySQL also what commits by itself, as its DDL does
    SESSION = "session"
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to"
    HARMLESS = "harmless"
    PREPARE = "prepare"  # PREPARE TRANSACTION
    UNKNOWN = "unknown"  # may do anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the text says; names are lower case. Sets hold too much rather than too little."""

    kind: Kind
    identifiers: frozenset[str] = frozenset()
    """Every name in the text, columns and aliases as well."""
    writes: frozenset[str] = frozenset()
    """Tables written, for WRITE; may hold names that are no tables."""
    removes: bool = False
    """It deletes or updates rows: a database's cascades can fire."""
    functions: frozenset[str] = frozenset()
    impure: str = ""
    """Why the result is no pure function of tables; for BEGIN and SESSION, 'isolation'."""
    variable: str | None = None
    """For SESSION: what is set, 'all' for all of them; None where that can't be told."""
    local: bool = False
    """The setting ends with the transaction."""
    value: str = ""
    """For SESSION: the text of the value, as written; empty for a reset."""
