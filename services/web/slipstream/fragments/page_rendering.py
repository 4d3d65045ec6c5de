"""How a whole page is asked for: its key, the request that its view sees, and what forbids keeping it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from slipstream.fragments.admission import Admission, paths_of
from slipstream.fragments.cache import Asked, current_fragments
from slipstream.fragments.entries import digest
from slipstream.fragments.identities import unwrapped
from slipstream.fragments.pages import Key, View, packed, unpacked
from slipstream.fragments.rendering import identities, named_identities, things_named
from slipstream.fragments.surroundings import surroundings
from slipstream.fragments.watched import watched
from slipstream.fragments.work import Work
from slipstream.querycache.keys import typed

__all__ = ["Visit", "respond"]

CSRF_USED = "CSRF_COOKIE_NEEDS_UPDATE"
VARY_ON_COOKIE = ("user", "session", "COOKIES")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a view whose pages are kept."""

    view: View
    keys: Sequence[Key]
    request: HttpRequest
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def named(self) -> list[str]:
        """Return the parts of the request that the key names."""
        return [key for key in self.keys if isinstance(key, str)]

    def base(self, version: str, named: str) -> str:
        """Return all that the key names, as one text."""
        request = self.request
        address = (request.method, request.scheme, request.get_host(), request.get_full_path())
        return "".join(
            [
                typed("page", f"{self.view.__module__}.{self.view.__qualname__}"),
                surroundings(request, version),
                *(typed("", str(part)) for part in address),
                named,
            ]
        )

    def value(self, key: Key) -> Any:
        """Return what a key names."""
        if not isinstance(key, str):
            return key(self.request, *self.args, **self.kwargs)
        found: Any = self.request
        for step in key.split("."):
            found = _part(found, step)
        return found


def _part(whole: Any, step: str) -> Any:
    if isinstance(whole, Mapping):
        return whole.get(step)
    found = getattr(whole, step, None)
    if found is None and hasattr(whole, "get") and not isinstance(whole, HttpRequest):
        return whole.get(step)  # of a session
    return found


def respond(visit: Visit) -> HttpResponseBase:
    """Return the page, from the cache or from the view."""
    fragments = current_fragments()
    values = [visit.value(key) for key in visit.keys]
    names = ["arguments", *map(str, visit.keys)]
    named, unusable = named_identities(names, [(visit.args, visit.kwargs), *values])
    made: list[HttpResponseBase] = []

    def page(work: Work) -> bytes:
        response = _seen(visit, work)
        made.append(response)
        return _packed(visit, response, work)

    asked = Asked(
        label=f"{visit.view.__module__}.{visit.view.__qualname__}",
        base=visit.base(fragments.settings.VERSION, named),
        identify=lambda names: identities(_parts(visit.request, names), names),
        render=page,
        named=things_named(values),
        unusable=unusable,
    )
    body = fragments.serve(asked)
    return made[0] if made else unpacked(body)


def _parts(request: HttpRequest, names: Sequence[str]) -> dict[str, Any]:
    return {name: unwrapped(getattr(request, name, None)) for name in names}


def _seen(visit: Visit, work: Work) -> HttpResponseBase:
    """Have the view answer a request that is watched."""
    request = visit.request
    admission = Admission(work, paths_of(visit.named), None)
    csrf_before = request.META.pop(CSRF_USED, None)
    messages = getattr(request, "_messages", None)
    before = (getattr(messages, "used", False), getattr(messages, "added_new", False))
    try:
        with watched(request, admission):
            response = visit.view(request, *visit.args, **visit.kwargs)
            if not getattr(response, "is_rendered", True):
                response = response.render()  # type: ignore[attr-defined]
    finally:
        if request.META.get(CSRF_USED):
            work.refuse("the CSRF token", "cache fragments around the form instead")
        elif csrf_before is not None:
            request.META[CSRF_USED] = csrf_before
    if before != (getattr(messages, "used", False), getattr(messages, "added_new", False)):
        work.refuse("the visitor's messages", "cache fragments of the page instead")
    return response


def _packed(visit: Visit, response: HttpResponseBase, work: Work) -> bytes:
    if response.streaming or not isinstance(response, HttpResponse):
        work.lose("a page that is streamed")
        return b""
    if response.status_code != HttpResponse.status_code:
        work.lose(f"a page with the status {response.status_code}")
        return b""
    if response.cookies or "no-store" in response.get("Cache-Control", ""):
        work.lose("a page that sets cookies, or says no-store")
    _refuse_vary(visit, response, work)
    if not response.has_header("ETag"):
        response.headers["ETag"] = f'"{digest(response.content).hex()}"'
    return packed(list(response.headers.items()), response.content)


def _refuse_vary(visit: Visit, response: HttpResponseBase, work: Work) -> None:
    named = {key.lower() for key in visit.named}
    roots = {key.partition(".")[0] for key in visit.named}
    for header in filter(None, map(str.strip, response.get("Vary", "").split(","))):
        known = f"headers.{header}".lower() in named
        if header.lower() == "cookie":
            known = not roots.isdisjoint(VARY_ON_COOKIE)
        if not known:
            work.refuse(
                f"the header {header!r}, as Vary says", f"add 'headers.{header}' to the keys"
            )
