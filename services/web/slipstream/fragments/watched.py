"""A request that notes which of its parts that aren't its address a view looks at."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from slipstream.fragments.admission import Admission
from slipstream.fragments.identities import unwrapped

__all__ = ["watched"]

WATCHED = ("COOKIES", "LANGUAGE_CODE", "META", "headers", "session", "user")
ADMISSION = "_slipstream_admission"
OF_THE_ADDRESS = frozenset(
    {
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "CSRF_COOKIE",  # who uses it is known by the mark that it leaves
        "CSRF_COOKIE_NEEDS_UPDATE",
        "HTTP_HOST",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PORT",
        "HTTP_X_FORWARDED_PROTO",
        "PATH_INFO",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
    }
)
"""They are in every page's key, or say nothing of the visitor."""


class Meta(dict[str, Any]):
    """META for a while: what is written goes to the request's own, what is read is noted."""

    def __init__(self, own: dict[str, Any], admission: Admission) -> None:
        super().__init__(own)
        self._own = own
        self._admission = admission

    def _note(self, name: str) -> None:
        if name not in OF_THE_ADDRESS and not name.startswith("wsgi."):
            self._admission.use("META", self._own, [name])

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Note it, and return it."""
        self._note(name)
        return super().get(name, default)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._own[name] = value

    def update(self, *args: Any, **more: Any) -> None:
        """Write through."""
        super().update(*args, **more)
        self._own.update(*args, **more)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove it from both."""
        self._own.pop(name, None)
        return super().pop(name, *default)


def _watching(name: str) -> property:
    def get(self: Any) -> Any:
        own = vars(self)
        value = own[name] if name in own else getattr(super(type(self), self), name)
        return _admitted(own[ADMISSION], name, value)

    def put(self: Any, value: Any) -> None:
        vars(self)[name] = value

    return property(get, put)


def _admitted(admission: Admission, name: str, value: Any) -> Any:
    if name == "META":
        return Meta(value, admission)
    if name == "user" and not admission.names(name):  # context processors hand it on
        return SimpleLazyObject(lambda: unwrapped(admission.admitted(name, value)))
    return admission.admitted(name, value)


@cache
def _kind(kind: Any) -> Any:
    return type(kind.__name__, (kind,), {name: _watching(name) for name in WATCHED})


@contextmanager
def watched(request: HttpRequest, admission: Admission) -> Iterator[None]:
    """Watch a request, as long as this lasts."""
    kind: Any = type(request)
    vars(request)[ADMISSION] = admission
    request.__class__ = _kind(kind)
    try:
        yield
    finally:
        request.__class__ = kind
        del vars(request)[ADMISSION]
