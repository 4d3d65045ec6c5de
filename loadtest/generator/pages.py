"""The names under which pages are recorded, by their paths.

Apart from `visitor.py`, whose imports patch the process for gevent: tests need the names without it.
"""

import re

__all__ = ("page_name",)

NAMES = (
    (re.compile(r"^/people/[^/?]+/$"), "profile"),
    (re.compile(r"^/people/"), "people-search"),
    (re.compile(r"^/posts/new/$"), "post-form"),
    (re.compile(r"^/posts/\d+/$"), "post"),
    (re.compile(r"^/dashboard/$"), "dashboard"),
    (re.compile(r"^/login/"), "login"),
    (re.compile(r"^/colleges/$"), "colleges"),
)


def page_name(path: str) -> str:
    """The page's name as it is recorded."""
    return next((name for pattern, name in NAMES if pattern.match(path)), "other")
