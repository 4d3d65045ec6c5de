"""What is anywhere in a statement, whatever its kind: names, calls, and what makes it impure."""

import re
from collections.abc import Sequence
from itertools import pairwise

from slipstream.generations.sql.tokens import closing, is_name, is_string, name_of, words

__all__ = ["functions", "identifiers", "impurity", "names_a_moment"]

# Reserved on all three, so that they name a table only in quotes or after a dot. All other words
# may, and count as names.
RESERVED = words(
    "all and as case check constraint create default distinct else foreign from group having in"
    " into join limit not null on or order primary references select table then to union unique"
    " using when where"
)
# What may stand before a parenthesis that opens no call; no function can have such a name without
# quotes. Others that mostly are no calls (LIKE, DIV) are in PURE_FUNCTIONS instead.
NO_FUNCTIONS = RESERVED | words(
    "any array between bit char character dec decimal except exists float for int integer"
    " intersect lateral national nchar numeric offset only precision real returning row smallint"
    " some values varchar window"
)
NO_FUNCTION_AFTER = {
    "by": {"group", "order", "partition"},
    "conflict": {"on"},
    "filter": {")"},
    "index": {"use", "force", "ignore"},
    "materialized": {"as", "not"},
    "over": {")", "nulls"},
    "sets": {"grouping"},
    "zone": {"time"},
}
# A name after one of these is a type, a table or an alias: what follows it are columns.
NAMES_NO_FUNCTION = frozenset({"as", "::", "into", "copy", "with", "recursive", "view"})
QUERY_STARTS = frozenset(
    {"select", "with", "values", "table", "insert", "update", "delete", "merge"}
)

SQL_STANDARD_MOMENTS = frozenset({"current_timestamp", "current_date", "current_time"})
PARENLESS = {
    "sqlite": SQL_STANDARD_MOMENTS,
    "postgresql": SQL_STANDARD_MOMENTS
    | words(
        "localtime localtimestamp current_user session_user user current_role current_schema"
        " current_catalog system_user"
    ),
    "mysql": SQL_STANDARD_MOMENTS
    | words(
        "localtime localtimestamp current_user current_role utc_date utc_time utc_timestamp sysdate"
    ),
}
# A word, what must follow it (nothing in particular: None), and the reason.
REASONS = {
    "for": ({"update", "share", "no", "key"}, "FOR UPDATE"),
    "lock": ({"in"}, "FOR UPDATE"),
    "next": ({"value"}, "NEXT VALUE"),
    "previous": ({"value"}, "NEXT VALUE"),
    "tablesample": (None, "TABLESAMPLE"),
}
MOMENT = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.IGNORECASE)


def identifiers(tokens: Sequence[str], vendor: str) -> frozenset[str]:
    """Return every name: all that could be a table, and more."""
    found = {
        name_of(word, vendor)
        for word in set(tokens) - RESERVED
        if is_name(word, vendor) and not word.isdigit()
    }
    if not RESERVED.isdisjoint(tokens) and "." in tokens:
        found.update(b for a, b in pairwise(tokens) if a == "." and b in RESERVED)
    return frozenset(found)


def functions(tokens: Sequence[str], vendor: str) -> frozenset[str]:
    """Return the names that are called."""
    return frozenset(
        name_of(tokens[index - 1], vendor)
        for index, word in enumerate(tokens)
        if word == "(" and index and _is_call(tokens, index, vendor)
    )


def _is_call(tokens: Sequence[str], opening: int, vendor: str) -> bool:
    name = tokens[opening - 1]
    if name in NO_FUNCTIONS or not is_name(name, vendor) or is_string(name):
        return False
    start = opening - 1
    while start > 1 and tokens[start - 1] == ".":
        start -= 2
    before = tokens[start - 1] if start else ""
    if before in NAMES_NO_FUNCTION or before in NO_FUNCTION_AFTER.get(name, ()):
        return False
    return not (before == "," and "with" in tokens and _is_common_table(tokens, opening))


def _is_common_table(tokens: Sequence[str], opening: int) -> bool:
    """Say whether it reads `name (columns) AS (SELECT ..`, where `name` is no call."""
    after = closing(tokens, opening) + 1
    body = [word for word in tokens[after : after + 5] if word not in {"not", "materialized"}]
    return body[:2] == ["as", "("] and body[2:3] != [] and body[2] in QUERY_STARTS


def impurity(tokens: Sequence[str], vendor: str) -> str:
    """Return the first reason why the result depends on more than tables; '' where there is none.

    Functions are not looked at.
    """
    for index, word in enumerate(tokens):
        if word in REASONS:
            followers, reason = REASONS[word]
            if followers is None or followers.intersection(tokens[index + 1 : index + 2]):
                return reason
        elif word in PARENLESS[vendor]:
            if not index or tokens[index - 1] not in {".", "as"}:
                return word.upper()
        elif reason := _impure_token(word, vendor):
            return reason
    return ""


def _impure_token(word: str, vendor: str) -> str:
    if vendor == "mysql" and word[0] == "@":
        return "@variables"
    if vendor == "postgresql" and word[-1] in "'$" and names_a_moment(word):
        return "'now'"
    return ""


def names_a_moment(text: str) -> bool:
    """Say whether PostgreSQL could read this string as the current time, as in date 'today'."""
    return MOMENT.search(text) is not None
