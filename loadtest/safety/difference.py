"""Whether two answers to the same request are the same to a visitor, and else the first difference.

Left out is what differs from one answer to the next by its nature: CSRF tokens (masked anew each
time), CSP nonces, the values of cookies (not their names and flags), and the headers in UNLIKE.
"""

import re
from difflib import unified_diff
from functools import lru_cache

from django.test.html import HTMLParseError, parse_html

from loadtest.safety.line import Answer

__all__ = ("cookies", "difference")

UNLIKE = {
    "date": "the clock",
    "expires": "the clock",
    "server-timing": "what the optimizations are there to change",
    "content-length": "of the body, which is compared itself",
}
TOKENS = (
    re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*'),
    re.compile(r'(\bnonce=")[^"]*'),
    re.compile(r"('nonce-)[^']*"),
)
SHOWN_CHARACTERS = 160


def difference(expected: Answer, found: Answer, *, as_tree: bool = False) -> str:
    """Return what differs in words, '' for nothing.

    as_tree: HTML is compared as trees, for engines that differ in blanks between tags and in how
    they write `&quot;`; else every character counts.
    """
    if expected.status != found.status:
        return f"status {found.status} instead of {expected.status}"
    for name, ours, theirs in _headers(expected, found):
        if ours != theirs:
            return f"header {name}: {theirs!r} instead of {ours!r}"
    html = expected.header("Content-Type").startswith("text/html")
    return _of_bodies(expected, found, as_tree=as_tree and html)


def cookies(answer: Answer) -> list[str]:
    """Name and flags of each cookie that the answer sets, without value and expiry."""
    return [_cookie(value) for name, value in answer.headers if name.lower() == "set-cookie"]


def _headers(expected: Answer, found: Answer) -> list[tuple[str, list[str], list[str]]]:
    ours, theirs = _by_name(expected), _by_name(found)
    return [(name, ours.get(name, []), theirs.get(name, [])) for name in sorted({*ours, *theirs})]


def _by_name(answer: Answer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in answer.headers:
        key = name.lower()
        if key not in UNLIKE:
            found.setdefault(key, []).append(
                _cookie(value) if key == "set-cookie" else _without_tokens(value)
            )
    return {name: sorted(values) for name, values in found.items()}


def _cookie(header: str) -> str:
    pair, *flags = (part.strip() for part in header.split(";"))
    lasting = sorted(flag for flag in flags if not flag.lower().startswith("expires="))
    return "; ".join([pair.partition("=")[0], *lasting])


def _of_bodies(expected: Answer, found: Answer, *, as_tree: bool) -> str:
    ours, theirs = _without_tokens(expected.text), _without_tokens(found.text)
    if ours == theirs:
        return ""
    try:
        if as_tree:
            ours, theirs = _tree(ours), _tree(theirs)
    except HTMLParseError as error:
        return f"HTML that can't be read: {error}"
    return _first_change(ours, theirs)


@lru_cache(maxsize=512)  # the baseline's pages are asked for with every visit of every cell
def _tree(text: str) -> str:
    return str(parse_html(text))


def _first_change(ours: str, theirs: str) -> str:
    lines = list(unified_diff(ours.splitlines(), theirs.splitlines(), lineterm="", n=0))[2:]
    gone = next((line[1:].strip() for line in lines if line.startswith("-")), "")
    new = next((line[1:].strip() for line in lines if line.startswith("+")), "")
    if not lines:
        return "" if ours == theirs else "ends of lines"
    return f"{_short(new, gone)} instead of {_short(gone, new)}"


def _short(text: str, other: str) -> str:
    """The part of a long line in which it begins to differ."""
    same = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    begin = max(0, same - SHOWN_CHARACTERS // 4)
    return repr(text[begin : begin + SHOWN_CHARACTERS])


def _without_tokens(text: str) -> str:
    for pattern in TOKENS:
        text = pattern.sub(r"\1…", text)
    return text
