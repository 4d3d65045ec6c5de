"""Statements that set the session's state: SET, RESET, DISCARD, USE, PRAGMA."""

from collections.abc import Sequence

from slipstream.generations.sql.statement import Kind, Statement
from slipstream.generations.sql.tokens import is_name, name_of, spans, words

__all__ = ["SETTERS", "isolation"]

UNKNOWN = Statement(kind=Kind.UNKNOWN)
HARMLESS = Statement(kind=Kind.HARMLESS)

# SET with words instead of a name and '='; the longest first.
PHRASES = {
    ("session", "authorization"): "session_authorization",
    ("session", "characteristics", "as", "transaction"): "transaction",
    ("time", "zone"): "timezone",
    ("xml", "option"): "xmloption",
    ("character", "set"): "names",
    ("transaction",): "transaction",
    ("constraints",): "constraints",
    ("role",): "role",
    ("names",): "names",
    ("charset",): "names",
    ("schema",): "search_path",
}
ONLY_IN_THIS_TRANSACTION = frozenset({"transaction", "constraints"})
SCOPES = {
    "postgresql": frozenset({"session", "local"}),
    "mysql": frozenset({"session", "local"}),
    "sqlite": frozenset[str](),
}
ISOLATION_VARIABLES = frozenset(
    {"transaction_isolation", "default_transaction_isolation", "tx_isolation"}
)
# Of MySQL, and not the setting of a variable of this session.
NO_VARIABLES = frozenset({"statement", "password", "resource", "global", "persist", "persist_only"})
READING_PRAGMAS = words(
    "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list"
    " foreign_key_check integrity_check quick_check wal_checkpoint optimize incremental_vacuum"
    " function_list"
)


def isolation(tokens: Sequence[str]) -> str:
    """Return 'isolation' where the words ask for a level other than READ COMMITTED."""
    if "snapshot" in tokens and "consistent" not in tokens:
        return "isolation"
    if "level" not in tokens:
        return ""
    at = tokens.index("level") + 1
    return "" if list(tokens[at : at + 2]) == ["read", "committed"] else "isolation"


def _set(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    if vendor == "sqlite" or (vendor == "mysql" and _may_commit(tokens)):
        return UNKNOWN
    scope = ""
    at = 1
    if tokens[1:2] and tokens[1] in SCOPES[vendor] and not _is_assigned(tokens, 1, vendor):
        scope, at = tokens[1], 2
    if _is_assigned(tokens, at, vendor):
        return _assignment(tokens, at, vendor, sql, local=scope == "local")
    if vendor == "mysql" and not NO_VARIABLES.isdisjoint(tokens[1:3]):
        return UNKNOWN
    return _phrase(tokens, at, vendor, sql, scope) or _phrase(tokens, 1, vendor, sql, "") or UNKNOWN


def _may_commit(tokens: Sequence[str]) -> bool:
    """Say whether autocommit is set: what is open is committed if it was off."""
    return any(token.rpartition(".")[2].lstrip("@") == "autocommit" for token in tokens)


def _is_assigned(tokens: Sequence[str], at: int, vendor: str) -> bool:
    return _assignment_sign(tokens, at, vendor) > 0


def _assignment_sign(tokens: Sequence[str], at: int, vendor: str) -> int:
    """Return where '=' stands after a name at `at`, or 0."""
    start = tokens[at] if at < len(tokens) else " "
    if not (is_name(start, vendor) or (vendor == "mysql" and start[0] == "@")):
        return 0
    while tokens[at + 1 : at + 2] == ["."]:
        at += 2
    return at + 1 if tokens[at + 1 : at + 2] and tokens[at + 1] in {"=", "to", ":="} else 0


def _assignment(tokens: Sequence[str], at: int, vendor: str, sql: str, *, local: bool) -> Statement:
    sign = _assignment_sign(tokens, at, vendor)
    variable: str | None = "".join(name_of(token, vendor) for token in tokens[at:sign])
    if vendor == "mysql":
        # MySQL's LOCAL is SESSION, and one SET may set several.
        variable = None if _sets_several(tokens[sign:]) else _system_variable(str(variable))
        local = False
    value = _text_from(sql, vendor, sign + 1, len(tokens))
    impure = ""
    if variable in ISOLATION_VARIABLES:
        level = value.strip("'\"").replace("-", " ").lower()
        impure = "" if level == "read committed" else "isolation"
    return Statement(kind=Kind.SESSION, variable=variable, local=local, value=value, impure=impure)


def _sets_several(tokens: Sequence[str]) -> bool:
    return "," in tokens


def _system_variable(name: str) -> str | None:
    """Return @@session.NAME as NAME; None where it is set for other sessions."""
    if not name.startswith("@@"):
        return name
    scope, _, rest = name[2:].rpartition(".")
    return rest if scope in {"", "session", "local"} else None


def _phrase(tokens: Sequence[str], at: int, vendor: str, sql: str, scope: str) -> Statement | None:
    phrase = next((p for p in PHRASES if tuple(tokens[at : at + len(p)]) == p), None)
    if phrase is None:
        return None
    variable = PHRASES[phrase]
    this_transaction = variable in ONLY_IN_THIS_TRANSACTION and len(phrase) == 1
    return Statement(
        kind=Kind.SESSION,
        variable=variable,
        local=(scope == "local" and vendor != "mysql")
        or (this_transaction and not (scope == "session" and vendor == "mysql")),
        value=_text_from(sql, vendor, at + len(phrase), len(tokens)),
        impure=isolation(tokens) if variable == "transaction" else "",
    )


def _text_from(sql: str, vendor: str, first: int, end: int) -> str:
    """Return the text from token `first` to before token `end`, as written."""
    where = spans(sql, vendor)[first:end]
    return sql[where[0][0] : where[-1][1]] if where else ""


def _reset(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    if vendor != "postgresql" or not tokens[1:]:
        return UNKNOWN
    if phrase := _phrase(tokens, 1, vendor, sql, ""):
        return Statement(kind=Kind.SESSION, variable=phrase.variable)
    variable = "".join(name_of(token, vendor) for token in tokens[1:])
    return Statement(kind=Kind.SESSION, variable=variable)


def _discard(tokens: Sequence[str], vendor: str, sql: str) -> Statement:  # noqa: ARG001
    if vendor != "postgresql":
        return UNKNOWN
    if tokens[1:] == ["all"]:
        return Statement(kind=Kind.SESSION, variable="all")
    if tokens[1:] in (["plans"], ["sequences"]):
        return HARMLESS
    return Statement(kind=Kind.SCHEMA)  # temporary tables


def _use(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    if vendor != "mysql" or not tokens[1:]:
        return UNKNOWN
    value = _text_from(sql, vendor, 1, len(tokens))
    return Statement(kind=Kind.SESSION, variable="use", value=value)


def _pragma(tokens: Sequence[str], vendor: str, sql: str) -> Statement:
    if vendor != "sqlite" or not tokens[1:]:
        return UNKNOWN
    at = 3 if tokens[2:3] == ["."] else 1
    name = name_of(tokens[at], vendor) if at < len(tokens) else ""
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if not following or name in READING_PRAGMAS:
        return Statement(kind=Kind.READ, impure="PRAGMA")
    value = _text_from(sql, vendor, at + 2, len(tokens) - (following == "("))
    return Statement(kind=Kind.SESSION, variable=name, value=value)


SETTERS = {
    "set": _set,
    "reset": _reset,
    "discard": _discard,
    "use": _use,
    "pragma": _pragma,
}
