"""Profiles every request by page, and answers /-/flame with what each page's time went into.

GET /-/flame gives {"pages": {NAME: {requests, seconds}}} as JSON, GET /-/flame?page=NAME one page's
flame graph as HTML in one file, POST begins anew. Samples are taken by wall time each millisecond,
so that waiting shows as well: for the database, and for other threads to let go of Python.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from pyinstrument import Profiler
from pyinstrument.frame_info import ATTRIBUTE_MARKER_CLASS_NAME as CLASS
from pyinstrument.frame_info import parse_frame_info

from slipstream import timing
from slipstream.profiling.flamegraph import drawn
from slipstream.profiling.names import page_name
from slipstream.profiling.observer import Observer
from slipstream.profiling.stacks import Frame, Function

__all__ = ["FlameMiddleware", "Flames"]

INTERVAL_SECONDS = 0.001
MOST_PAGES = 200
HERE = str(Path(__file__))
TIMING = str(Path(timing.__file__).parent)
HANDED_ON = "django/core/handlers/exception.py"


@dataclass(eq=False)
class Flame:
    """One page's requests so far."""

    requests: int = 0
    root: Frame = field(default_factory=Frame)


class Flames:
    """All pages of this process since it started, or since `clear`."""

    def __init__(self) -> None:
        self._pages: dict[str, Flame] = {}
        self._lock = threading.Lock()

    def add(self, name: str, records: list[Any]) -> None:
        """Take in the samples of one request: pyinstrument's (stack, seconds)."""
        with self._lock:
            if name not in self._pages and len(self._pages) >= MOST_PAGES:
                return
            flame = self._pages.setdefault(name, Flame())
            flame.requests += 1
            for stack, seconds in records:
                flame.root.add(inner(stack), seconds)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._pages.clear()

    def shown(self) -> dict[str, Any]:
        """Which pages there are, as plain data."""
        with self._lock:
            pages = sorted(self._pages.items())
            facts = {
                name: {"requests": one.requests, "seconds": round(one.root.seconds, 6)}
                for name, one in pages
            }
            return {"pages": facts}

    def drawn(self, name: str) -> str | None:
        """One page's flame graph; None where it wasn't visited."""
        with self._lock:
            flame = self._pages.get(name)
            return drawn(name, flame.requests, flame.root) if flame else None


def inner(stack: list[str]) -> list[Function]:
    """The functions within the request, outermost first: without the server around it."""
    functions = [function(info) for info in stack]
    ours = [place for place, one in enumerate(functions) if one.file == HERE]
    return [one for one in functions[ours[-1] + 1 :] if is_of_interest(one)] if ours else []


def is_of_interest(one: Function) -> bool:
    """Whether it isn't between any two others: pyinstrument's own marks, which have no line, and
    what hands a call on."""
    return one.line > 0 and not one.file.startswith(TIMING) and not one.file.endswith(HANDED_ON)


def function(info: str) -> Function:
    """What pyinstrument knows of a frame; methods are named with their class."""
    identifier, attributes = parse_frame_info(info)
    name, _, rest = identifier.partition("\x00")
    file, _, line = rest.partition("\x00")
    of = next((one[1:] for one in attributes if one.startswith(CLASS)), "")
    return Function(
        name=f"{of}.{name}" if of else name, file=file, line=int(line) if line.isdecimal() else 0
    )


FLAMES = Flames()


class FlameMiddleware(Observer):
    """Takes samples of each request."""

    page, seen = "/-/flame", FLAMES

    def observe(self, request: HttpRequest) -> HttpResponseBase:
        """Let the site answer, and take in its samples."""
        profiler = Profiler(interval=INTERVAL_SECONDS, async_mode="disabled")
        profiler.start()
        try:
            response = self.get_response(request)
        finally:
            session = profiler.stop()
        FLAMES.add(page_name(request), session.frame_records)
        return response

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The pages there are, or the picture of one."""
        name = request.GET.get("page")
        if name is None:
            return super().answer(request)
        html = FLAMES.drawn(name)
        if html is None:
            return JsonResponse({"error": f"no page {name!r} yet"}, status=404)
        return HttpResponse(html)
