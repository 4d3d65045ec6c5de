r"""SQL text to tokens, one compiled expression per vendor.

A token is a lower-case string, told apart by its first character: a letter for words, a quote for
quoted names and strings (`is_string` tells which), anything else for operators and placeholders.
Comments are dropped. Assumed are the servers' defaults for strings: a backslash escapes on MySQL
and nowhere else but in PostgreSQL's E'..'.
"""

import re
from collections.abc import Sequence

__all__ = ["closing", "is_name", "is_string", "name_of", "spans", "tokenize", "words"]

BLANK = r"[ \t\n\r\f\v]"
WORD = r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*+"
PLACEHOLDER = r"%s(?![\w$])|%\(\w+\)s"
# Rows of placeholders, of which bulk inserts hold thousands, are one token.
ROWS = rf"(?:,{BLANK}*+\({BLANK}*+%s(?:{BLANK}*+,{BLANK}*+%s)*+{BLANK}*+\))++"
BROKEN = r"['\x00]|/\*"  # a string or comment that doesn't end


def _quoted(mark: str, escapes: str = "") -> str:
    inner = rf"[^{mark}{escapes}]*+"
    escape = r"\\.|" if escapes else ""
    return rf"{mark}{inner}(?:(?:{escape}{mark}{mark}){inner})*+{mark}"


def _nested_comment(depth: int) -> str:
    inner = r"(?!/\*|\*/)."
    return (
        rf"/\*(?:{inner}|{_nested_comment(depth - 1)})*+\*/" if depth else rf"/\*(?:{inner})*+\*/"
    )


def _pattern(comments: str, *tokens: str) -> re.Pattern[str]:
    # The end is a token too: else the search would begin anew inside a trailing comment.
    every = "|".join(
        ["[.()=]", *tokens, ROWS, PLACEHOLDER, BROKEN, "::", ":=", "<>", "%%", ".", r"\Z"]
    )
    return re.compile(rf"(?:{BLANK}++|{comments})*+({every})", re.DOTALL)


def _postgresql(*dollar_quotes: str) -> re.Pattern[str]:
    escaped = _quoted("'", r"\\")
    continued = rf"(?:(?:{BLANK}|--[^\r\n]*+)++{escaped})*+"
    return _pattern(
        rf"--[^\r\n]*+|{_nested_comment(4)}",
        rf"[eE]{escaped}{continued}",
        r"[uU]&\"",  # names with escapes: broken, for us
        _quoted('"'),
        WORD,
        _quoted("'"),
        *dollar_quotes,
        r"\$\d+|\d++|\"",
    )


TAG = r"[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*+"
# Its group makes the search slower, and few texts hold a dollar.
WITH_DOLLAR_QUOTES = _postgresql(rf"\$(?P<tag>(?:{TAG})?)\$.*?\$(?P=tag)\$", r"\$\w*\$")

PATTERNS = {
    "postgresql": _postgresql(),
    "sqlite": _pattern(
        r"--[^\n]*+|/\*.*?\*/",
        WORD,
        _quoted('"'),
        _quoted("'"),
        _quoted("`"),
        r"\[[^\]]*+\]",
        r"\?\d*|[:@$#]\w+|\d++|[\"`\[]",
    ),
    "mysql": _pattern(
        r"--(?=[\x01-\x20]|\Z)[^\n]*+|\#[^\n]*+|/\*(?!M?!).*?\*/",
        r"[\w$\x80-\U0010ffff]++",  # digits may begin a name
        _quoted("`"),
        _quoted("'", r"\\"),
        _quoted('"', r"\\"),
        r"@+(?:[\w.$]++|`[^`]*+`|'[^']*+'|\"[^\"]*+\")|[\"`]",
    ),
}
UNFINISHED = frozenset({"'", '"', "`", "/*", 'u&"', "\x00"})
NAME_MARKS = '"`['
POSTGRESQL_NAME_BYTES = 63
BYTES_PER_CHARACTER = 4  # at most, in UTF-8


def tokenize(sql: str, vendor: str) -> list[str] | None:
    """Return the tokens of `sql`; None where it can't be read, e.g. ends inside a string."""
    pattern = _pattern_for(sql, vendor)
    found = pattern.findall(sql)
    if pattern is WITH_DOLLAR_QUOTES:
        found = [token for token, _ in found]
    tokens = [token.lower() for token in found if token]
    return None if _unfinished(tokens, vendor) else tokens


def _pattern_for(sql: str, vendor: str) -> re.Pattern[str]:
    return WITH_DOLLAR_QUOTES if vendor == "postgresql" and "$" in sql else PATTERNS[vendor]


def _unfinished(tokens: list[str], vendor: str) -> bool:
    marks = UNFINISHED - {"`"} if vendor == "postgresql" else UNFINISHED
    if not marks.isdisjoint(tokens) or (vendor == "sqlite" and "[" in tokens):
        return True
    return (
        vendor == "postgresql"
        and any(  # a dollar quote that doesn't end
            token[0] == "$" == token[-1] and token[1:-1].count("$") == 0 and token[1:]
            for token in tokens
        )
    )


def spans(sql: str, vendor: str) -> list[tuple[int, int]]:
    """Return where in `sql` each of its tokens begins and ends."""
    return [match.span(1) for match in _pattern_for(sql, vendor).finditer(sql) if match.group(1)]


def words(*texts: str) -> frozenset[str]:
    """Return a set of words, written as texts with blanks between them."""
    return frozenset(" ".join(texts).split())


def is_string(token: str) -> bool:
    """Say whether it is a string of whatever form. On MySQL "x" is both a string and a name."""
    return token[-1] == "'" or (token[0] == "$" and token[-1] == "$")


def is_name(token: str, vendor: str) -> bool:
    """Say whether it can name something. SQLite takes strings for names where none could stand."""
    first = token[0]
    if first.isalpha() or first == "_" or first >= "\x80":
        return token[-1] != "'"
    if first in NAME_MARKS:
        return len(token) > 1
    return (vendor == "sqlite" and first == "'") or (vendor == "mysql" and first.isdigit())


def name_of(token: str, vendor: str) -> str:
    """Return the name without quotes, cut where PostgreSQL cuts it."""
    first = token[0]
    if first in "\"`'":
        token = token[1:-1].replace(first * 2, first)
    elif first == "[":
        token = token[1:-1]
    if vendor == "postgresql" and len(token) > POSTGRESQL_NAME_BYTES // BYTES_PER_CHARACTER:
        return token.encode()[:POSTGRESQL_NAME_BYTES].decode(errors="ignore")
    return token


def closing(tokens: Sequence[str], opening: int) -> int:
    """Return where the parenthesis opened at `opening` closes; the end where it doesn't."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index] == "(":
            depth += 1
        elif tokens[index] == ")":
            depth -= 1
            if depth == 0:
                return index
    return len(tokens)
