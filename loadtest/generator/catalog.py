"""What there is to visit on the site, found by reading its pages once per run, as a visitor would.

Visitors choose from it with their seed, so that they ask the same of every cell.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from loadtest.errors import GeneratorError

__all__ = ("Catalog", "Form", "discover")

FULL_PAGE = 100
MAX_FILTERS = 40
MAX_PAGES = 8
PROFILE = re.compile(r"^/people/([^/?]+)/$")
POST = re.compile(r"^/posts/(\d+)/$")


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Paths to choose from: pages of the list of people, filtered lists, profiles, posts."""

    pages: tuple[str, ...]
    filtered: tuple[str, ...]
    profiles: tuple[str, ...]
    posts: tuple[str, ...]


class Form(HTMLParser):
    """The links, the choices of select fields, and the CSRF token of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.choices: list[tuple[str, str]] = []
        self.token = ""
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif tag == "select":
            self._select = values.get("name", "")
        elif tag == "option" and self._select and values.get("value"):
            self.choices.append((self._select, values["value"]))
        elif tag == "input" and values.get("name") == "csrfmiddlewaretoken":
            self.token = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def profiles(self) -> list[str]:
        return [link for link in dict.fromkeys(self.links) if PROFILE.match(link)]

    def posts(self) -> list[str]:
        return [link for link in dict.fromkeys(self.links) if POST.match(link)]

    def next_page(self) -> str:
        """The keyset link to the next page of people, or ''."""
        following = [link for link in self.links if re.search(r"[?&]after=", link)]
        if not following:
            return ""
        link = following[-1]
        return link if link.startswith("/") else f"/people/{link}"


def discover(read: Callable[[str], str]) -> Catalog:
    """The catalog of the site whose pages `read` gives; raises GeneratorError where it is empty."""
    first = Form(read("/people/"))
    pages = _pages(read)
    profiles = tuple(dict.fromkeys(link for form in pages.values() for link in form.profiles()))
    catalog = Catalog(
        pages=tuple(pages),
        filtered=_filtered(read, first) or tuple(pages),
        profiles=profiles,
        posts=_posts(read, profiles),
    )
    for name in ("profiles", "posts"):
        if not getattr(catalog, name):
            raise GeneratorError(f"the site shows no {name}: seed it with users, friends and posts")
    return catalog


def _pages(read: Callable[[str], str]) -> dict[str, Form]:
    found: dict[str, Form] = {}
    path = "/people/"
    while path and path not in found and len(found) < MAX_PAGES:
        found[path] = Form(read(path))
        path = found[path].next_page()
    full = {path: form for path, form in found.items() if len(form.profiles()) >= FULL_PAGE}
    return full or found


def _filtered(read: Callable[[str], str], first: Form) -> tuple[str, ...]:
    """Filters whose first page is full: the measured page is the one with 100 items."""
    step = max(1, len(first.choices) // MAX_FILTERS)
    paths = [f"/people/?{urlencode([choice])}" for choice in first.choices[::step]]
    return tuple(path for path in paths if len(Form(read(path)).profiles()) >= FULL_PAGE)


def _posts(read: Callable[[str], str], profiles: tuple[str, ...]) -> tuple[str, ...]:
    found = dict.fromkeys(Form(read("/dashboard/")).posts())
    for profile in profiles[:20]:
        found |= dict.fromkeys(Form(read(profile)).posts())
    return tuple(found)
