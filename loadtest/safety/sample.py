"""The pages that are compared: what the entry pages lead to, so many of each kind.

Read once from the baseline, as users see it; every visitor is sent to all of them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode, urljoin, urlsplit

from loadtest.generator.catalog import Form
from loadtest.generator.pages import page_name

__all__ = ("ENTRIES", "sample")

ENTRIES = (
    "/",
    "/login/",
    "/colleges/",
    "/dashboard/",
    "/people/",
    "/posts/new/",
    "/profile/edit/",
    "/people/?college=nonsense",
    "/people/?q=an",
    "/no-such-page/",
    "/people/nobody-has-this-name/",
    "/posts/999999999/",
)
MANY = ("people-search", "profile", "post")
"""The kinds of which a site has any number; the others are few."""
SAFE = "!$%&'()*+,/:;=?@[]~"
"""What a link may hold as it is; a browser encodes the rest."""
OTHERS = 12
NEVER = ("/static/", "/admin/", "/-/", "/logout/")


def sample(read: Callable[[str], str], most: int) -> list[str]:
    """Paths, breadth first, at most so many of each kind in MANY.

    read: gives a page's text as a user sees it.
    """
    found: list[str] = []
    kinds: Counter[str] = Counter()
    waiting = deque(ENTRIES)
    while waiting:
        path = waiting.popleft()
        kind = page_name(path)
        if path in found or kinds[kind] >= (most if kind in MANY else OTHERS):
            continue
        kinds[kind] += 1
        found.append(path)
        waiting.extend(_links(path, read(path)))
    return found


def _links(path: str, text: str) -> Iterator[str]:
    form = Form(text)
    if path == "/people/":
        yield from _filters(form)
    for link in form.links:
        target = urlsplit(urljoin(f"http://site{path}", link))
        address = quote(target.path, SAFE) + (
            f"?{quote(target.query, SAFE)}" if target.query else ""
        )
        if target.netloc == "site" and not address.startswith(NEVER):
            yield address


def _filters(form: Form) -> Iterator[str]:
    """The first choice of each field."""
    for choice in dict(reversed(form.choices)).items():
        yield f"/people/?{urlencode([choice])}"
