"""From text to Statement: one rule for each first word. A word without one is UNKNOWN."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache

from slipstream.generations.sql import contents, targets
from slipstream.generations.sql.sessions import SETTERS, isolation
from slipstream.generations.sql.statement import Kind, Statement
from slipstream.generations.sql.tokens import closing, tokenize

__all__ = ["analyse"]

MEMOIZED_CHARACTERS = 20_000  # longer texts are bulk inserts, each sent once
MEMOIZED_STATEMENTS = 4_096

UNKNOWN = Statement(kind=Kind.UNKNOWN)
READ = Statement(kind=Kind.READ)
SCHEMA = Statement(kind=Kind.SCHEMA)
HARMLESS = Statement(kind=Kind.HARMLESS)

QUERIES = frozenset({"select", "values", "table", "with"})
EXPLAINED = QUERIES | targets.VERBS.keys() | {"(", "create", "declare", "refresh", "execute"}

Rule = Callable[[Sequence[str], str], Statement]


def analyse(sql: str, vendor: str) -> Statement:
    """Say what `sql` does on this vendor: 'postgresql', 'sqlite' or 'mysql' (MariaDB too).

    Nothing is asked of a database. What isn't recognised is UNKNOWN.
    """
    if len(sql) > MEMOIZED_CHARACTERS:
        return _analyse(sql, vendor)
    return _memoized(sql, vendor)


def _analyse(sql: str, vendor: str) -> Statement:
    tokens = tokenize(sql, vendor)
    if tokens is None:
        return UNKNOWN
    while tokens and tokens[-1] == ";":
        tokens.pop()
    understand = _several if ";" in tokens else _effect
    effect = understand(tokens, vendor, sql)
    return dataclasses.replace(
        effect,
        identifiers=contents.identifiers(tokens, vendor),
        functions=contents.functions(tokens, vendor),
    )


_memoized = lru_cache(MEMOIZED_STATEMENTS)(_analyse)


def _several(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    """Reads and writes add up; with any other, several statements are not understood."""
    effects = [_effect(part, vendor, sql) for part in _split(tokens)]
    kinds = {effect.kind for effect in effects} - {Kind.READ, Kind.HARMLESS}
    if not kinds <= {Kind.WRITE}:
        return UNKNOWN
    return Statement(
        kind=Kind.WRITE if kinds else Kind.READ,
        writes=frozenset().union(*(effect.writes for effect in effects)),
        removes=any(effect.removes for effect in effects),
        impure="several statements",
    )


def _split(tokens: Sequence[str]) -> list[Sequence[str]]:
    parts: list[Sequence[str]] = []
    start = 0
    for index, word in enumerate([*tokens, ";"]):
        if word == ";":
            parts.append(tokens[start:index])
            start = index + 1
    return parts


def _effect(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    if not tokens:
        return HARMLESS
    first = tokens[0]
    if first in SETTERS:
        return SETTERS[first](tokens, vendor, sql)
    rule = RULES.get(first)
    return rule(tokens, vendor) if rule else UNKNOWN


def _query(tokens: Sequence[str], vendor: str) -> Statement:
    """SELECT and its like, in parentheses or not, and with changes in its WITH."""
    start = next((word for word in tokens if word != "("), "")
    if start not in QUERIES:
        return UNKNOWN
    change = targets.data_change(tokens, vendor)
    if change is not None:
        return change
    if "into" in tokens:
        return SCHEMA if vendor == "postgresql" else dataclasses.replace(READ, impure="INTO")
    if start == "with" and QUERIES.isdisjoint(tokens[tokens.index("with") + 1 :]):
        return UNKNOWN
    if "set_config" in tokens or '"set_config"' in tokens:
        return _set_config(tokens)
    return dataclasses.replace(READ, impure=contents.impurity(tokens, vendor))


def _set_config(tokens: Sequence[str]) -> Statement:
    """SELECT set_config('name', value, is_local), PostgreSQL's SET within a query.

    Told only where it is the whole statement and its name is a literal.
    """
    session = Statement(kind=Kind.SESSION)
    if list(tokens[:3]) != ["select", "set_config", "("] or tokens.count("set_config") > 1:
        return session
    name, value = tokens[3], tokens[5:-3]
    is_short = tokens[4:5] == [","] and len(value) == 1 and tokens[-3:-2] == [","]
    if not is_short or name[0] != "'" or tokens[-1] != ")":
        return session
    return dataclasses.replace(
        session, variable=name[1:-1], value=value[0], local=tokens[-2] == "true"
    )


def _change(tokens: Sequence[str], vendor: str) -> Statement:
    return targets.data_change(tokens, vendor) or UNKNOWN


def _create(tokens: Sequence[str], vendor: str) -> Statement:
    """CREATE, and whether a view's query is impure."""
    return dataclasses.replace(SCHEMA, impure=contents.impurity(tokens, vendor))


def _explain(tokens: Sequence[str], vendor: str) -> Statement:
    """EXPLAIN runs nothing, EXPLAIN ANALYZE (MariaDB: ANALYZE) what it explains."""
    start = 1
    if tokens[1:2] == ["("] and not QUERIES.intersection(tokens[2:3]) and tokens[2:3] != ["("]:
        start = closing(tokens, 1) + 1
    inner = next((i for i in range(start, len(tokens)) if tokens[i] in EXPLAINED), None)
    analyzes = {"analyze", "analyse"}.intersection(tokens[:inner])
    if not analyzes:
        return dataclasses.replace(READ, impure="EXPLAIN")
    if inner is None:
        return UNKNOWN
    effect = _effect(tokens[inner:], vendor, "")
    return dataclasses.replace(effect, impure="EXPLAIN")


def _analyze(tokens: Sequence[str], vendor: str) -> Statement:
    if vendor != "mysql":
        return HARMLESS
    return SCHEMA if "table" in tokens[:3] else _explain(tokens, vendor)


def _commits_on_mysql(tokens: Sequence[str], vendor: str) -> Statement:  # noqa: ARG001
    return SCHEMA if vendor == "mysql" else HARMLESS


def _begin(tokens: Sequence[str], vendor: str) -> Statement:
    words = {"begin": 1, "start": 2}[tokens[0]]
    if tokens[0] == "start" and tokens[1:2] != ["transaction"]:
        return UNKNOWN
    if vendor == "mysql" and words == 1 and list(tokens[1:]) not in ([], ["work"]):
        return UNKNOWN  # BEGIN NOT ATOMIC, a program
    return Statement(kind=Kind.BEGIN, impure=isolation(tokens))


def _commit(tokens: Sequence[str], vendor: str) -> Statement:
    if tokens[1:2] == ["prepared"] or (tokens[0] == "end" and vendor == "mysql"):
        return UNKNOWN
    return Statement(kind=Kind.COMMIT, impure=_chain(tokens))


def _rollback(tokens: Sequence[str], vendor: str) -> Statement:
    if tokens[0] == "abort" and vendor != "postgresql":
        return UNKNOWN
    if tokens[1:2] == ["prepared"]:
        return HARMLESS
    if "to" in tokens:
        return Statement(kind=Kind.ROLLBACK_TO)
    return Statement(kind=Kind.ROLLBACK, impure=_chain(tokens))


def _chain(tokens: Sequence[str]) -> str:
    """Say that another transaction begins at once."""
    return "AND CHAIN" if "chain" in tokens and "no" not in tokens else ""


def _prepare(tokens: Sequence[str], vendor: str) -> Statement:
    if vendor == "postgresql" and tokens[1:2] == ["transaction"]:
        return Statement(kind=Kind.PREPARE)
    return UNKNOWN


def _declare(tokens: Sequence[str], vendor: str) -> Statement:
    if vendor != "postgresql" or "cursor" not in tokens or "for" not in tokens:
        return UNKNOWN
    effect = _query(tokens[tokens.index("for") + 1 :], vendor)
    return dataclasses.replace(effect, impure="cursor") if effect.kind is Kind.READ else effect


def _copy(tokens: Sequence[str], vendor: str) -> Statement:
    return targets.copy(tokens, vendor) if vendor == "postgresql" else UNKNOWN


def _always(statement: Statement, *vendors: str) -> Rule:
    def rule(tokens: Sequence[str], vendor: str) -> Statement:  # noqa: ARG001
        return statement if not vendors or vendor in vendors else UNKNOWN

    return rule


SHOWN = dataclasses.replace(READ, impure="SHOW")

RULES: dict[str, Rule] = {
    **dict.fromkeys(["select", "values", "table", "with", "("], _query),
    **dict.fromkeys(targets.VERBS, _change),
    "truncate": targets.truncate,
    "copy": _copy,
    "explain": _explain,
    **dict.fromkeys(["describe", "desc"], _always(SHOWN, "mysql")),
    "show": _always(SHOWN, "postgresql", "mysql"),
    "analyze": _analyze,
    "analyse": _always(HARMLESS, "postgresql"),
    **dict.fromkeys(["begin", "start"], _begin),
    **dict.fromkeys(["commit", "end"], _commit),
    **dict.fromkeys(["rollback", "abort"], _rollback),
    **dict.fromkeys(["savepoint", "release"], _always(Statement(kind=Kind.SAVEPOINT))),
    "prepare": _prepare,
    "declare": _declare,
    "create": _create,
    **dict.fromkeys(["alter", "drop", "reindex"], _always(SCHEMA)),
    **dict.fromkeys(["attach", "detach"], _always(SCHEMA, "sqlite")),
    **dict.fromkeys(["grant", "revoke"], _always(SCHEMA, "postgresql", "mysql")),
    **dict.fromkeys(["rename", "optimize", "repair", "flush", "unlock"], _always(SCHEMA, "mysql")),
    **dict.fromkeys(
        ["comment", "security", "cluster", "refresh", "reassign", "import"],
        _always(SCHEMA, "postgresql"),
    ),
    "vacuum": _always(HARMLESS, "postgresql", "sqlite"),
    "lock": _commits_on_mysql,
    **dict.fromkeys(
        ["listen", "unlisten", "notify", "checkpoint", "fetch", "move", "close", "deallocate"],
        _always(HARMLESS, "postgresql"),
    ),
}
