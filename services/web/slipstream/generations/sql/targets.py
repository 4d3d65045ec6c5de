"""Which tables INSERT, UPDATE, DELETE, MERGE, REPLACE, TRUNCATE and COPY write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from slipstream.generations.sql.contents import identifiers
from slipstream.generations.sql.statement import Kind, Statement
from slipstream.generations.sql.tokens import closing, is_name, name_of

__all__ = ["copy", "data_change", "table_at", "truncate"]

UNKNOWN = Statement(kind=Kind.UNKNOWN)

INSERT_WORDS = frozenset({"low_priority", "delayed", "high_priority", "ignore"})
UPDATE_WORDS = frozenset({"low_priority", "ignore"})
DELETE_WORDS = frozenset({"low_priority", "quick", "ignore"})
AFTER_THE_ONLY_TABLE = frozenset({"", "where", "order", "limit", "returning", ";"})


@dataclass(frozen=True, slots=True)
class Target:
    """The tables that one INSERT, UPDATE, .. writes."""

    tables: frozenset[str]
    removes: bool


type_of_verb = Callable[[Sequence[str], int, str], Target | None]


def data_change(tokens: Sequence[str], vendor: str) -> Statement | None:
    """Return the WRITE that a statement is, or holds in its WITH; None where there is none.

    Where it begins with such a verb and its table can't be told, it is UNKNOWN.
    """
    begins = tokens[0] in VERBS
    last = len(tokens) if "with" in tokens else 1
    targets = [
        target
        for index in range(last)
        if tokens[index] in VERBS and (target := _target(tokens, index, vendor))
    ]
    if not targets:
        return UNKNOWN if begins else None
    if begins and _target(tokens, 0, vendor) is None:
        return UNKNOWN
    return Statement(
        kind=Kind.WRITE,
        writes=frozenset().union(*(target.tables for target in targets)),
        removes=any(target.removes for target in targets),
    )


def _target(tokens: Sequence[str], index: int, vendor: str) -> Target | None:
    if index and tokens[index - 1] in {".", "as"}:  # a column's name, or an alias
        return None
    return VERBS[tokens[index]](tokens, index + 1, vendor)


def _insert(tokens: Sequence[str], at: int, vendor: str) -> Target | None:
    at, replaces = _skip(tokens, at, INSERT_WORDS if vendor == "mysql" else frozenset())
    return _into(tokens, at, vendor, removes=replaces or _updates_on_conflict(tokens))


def _replace(tokens: Sequence[str], at: int, vendor: str) -> Target | None:
    if vendor == "postgresql":
        return None
    at, _ = _skip(tokens, at, INSERT_WORDS if vendor == "mysql" else frozenset())
    return _into(tokens, at, vendor, removes=True)


def _merge(tokens: Sequence[str], at: int, vendor: str) -> Target | None:
    return _into(tokens, at, vendor, removes=True)


def _update(tokens: Sequence[str], at: int, vendor: str) -> Target | None:
    if tokens[max(at - 2, 0)] in {"for", "key", "do", "on"}:
        return None
    at, _ = _skip(tokens, at, UPDATE_WORDS if vendor == "mysql" else frozenset())
    return _one_or_all(tokens, at, vendor, {"set"})


def _delete(tokens: Sequence[str], at: int, vendor: str) -> Target | None:
    at, _ = _skip(tokens, at, DELETE_WORDS if vendor == "mysql" else frozenset())
    if _at(tokens, at) != "from":
        if vendor != "mysql" or not is_name(_at(tokens, at) or " ", vendor):
            return None
        return Target(identifiers(tokens, vendor), removes=True)
    return _one_or_all(tokens, at + 1, vendor, AFTER_THE_ONLY_TABLE)


VERBS: dict[str, type_of_verb] = {
    "insert": _insert,
    "replace": _replace,
    "merge": _merge,
    "update": _update,
    "delete": _delete,
}


def _at(tokens: Sequence[str], at: int) -> str:
    return tokens[at] if at < len(tokens) else ""


def _skip(tokens: Sequence[str], at: int, words: frozenset[str]) -> tuple[int, bool]:
    """Skip SQLite's OR REPLACE, OR IGNORE, .. or MySQL's words; say whether it was OR REPLACE."""
    replaces = False
    while (word := _at(tokens, at)) in words or word == "or":
        replaces = replaces or (word == "or" and _at(tokens, at + 1) == "replace")
        at += 2 if word == "or" else 1
    return at, replaces


def _updates_on_conflict(tokens: Sequence[str]) -> bool:
    return any(word == "update" and before in {"do", "key"} for before, word in pairwise(tokens))


def _into(tokens: Sequence[str], at: int, vendor: str, *, removes: bool) -> Target | None:
    if _at(tokens, at) == "into":
        at += 1
    elif vendor != "mysql":
        return None
    name, _ = table_at(tokens, at, vendor)
    return Target(frozenset({name}), removes) if name else None


def _one_or_all(
    tokens: Sequence[str], at: int, vendor: str, after: set[str] | frozenset[str]
) -> Target | None:
    name, end = table_at(tokens, at, vendor)
    if not name:
        return None
    if vendor == "mysql" and _at(tokens, end) not in after:  # several tables, or an alias
        return Target(identifiers(tokens, vendor), removes=True)
    return Target(frozenset({name}), removes=True)


def table_at(tokens: Sequence[str], at: int, vendor: str) -> tuple[str, int]:
    """Return the table named at `at`, its schema dropped, and where the text goes on; '' for none.

    Takes PostgreSQL's `ONLY t`, `ONLY (t)` and `t *`.
    """
    if vendor == "postgresql" and _at(tokens, at) == "only":
        at += 2 if _at(tokens, at + 1) == "(" else 1
    if not is_name(_at(tokens, at) or " ", vendor):
        return "", at
    while _at(tokens, at + 1) == "." and at + 2 < len(tokens):
        at += 2
    end = at + 1
    while _at(tokens, end) in {"*", ")"} and vendor == "postgresql":
        end += 1
    return name_of(tokens[at], vendor), end


def truncate(tokens: Sequence[str], vendor: str) -> Statement:
    """TRUNCATE: the tables listed. With CASCADE any others, and on MySQL it commits: SCHEMA."""
    if vendor == "mysql" or "cascade" in tokens:
        return Statement(kind=Kind.SCHEMA)
    tables, at = set(), 2 if _at(tokens, 1) == "table" else 1
    while True:
        name, at = table_at(tokens, at, vendor)
        if not name:
            return UNKNOWN
        tables.add(name)
        if _at(tokens, at) != ",":
            return Statement(kind=Kind.WRITE, writes=frozenset(tables), removes=True)
        at += 1


def copy(tokens: Sequence[str], vendor: str) -> Statement:
    """COPY of PostgreSQL: FROM writes; TO reads, unless its query is INSERT .. RETURNING."""
    if _at(tokens, 1) == "(":
        inner = tokens[2 : closing(tokens, 1)]
        return (data_change(inner, vendor) if inner else UNKNOWN) or _COPY_TO
    name, at = table_at(tokens, 2 if _at(tokens, 1) == "binary" else 1, vendor)
    if _at(tokens, at) == "(":
        at = closing(tokens, at) + 1
    if not name or _at(tokens, at) not in {"from", "to"}:
        return UNKNOWN
    if tokens[at] == "to":
        return _COPY_TO
    return Statement(kind=Kind.WRITE, writes=frozenset({name}))


_COPY_TO = Statement(kind=Kind.READ, impure="COPY")
