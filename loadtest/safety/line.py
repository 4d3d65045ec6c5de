"""One kept connection to one worker process of a cell, and the visitors who use it.

A worker of gunicorn serves a connection until it is closed; which one that is says the probe of
`preload`, on and off, in /-/optimizations.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from loadtest.errors import LabError
from loadtest.generator.server_timing import parse
from loadtest.loopback import require_loopback

__all__ = ("Answer", "Line", "ProbeError", "Visitor", "open_lines")

TIMEOUT_SECONDS = 30
MOST_CONNECTIONS = 24
"""Of two workers that are equally likely to answer, so many miss one in 1 of 8 million cases."""


class ProbeError(LabError):
    """A probe that couldn't be done; what it would have found isn't known."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A browser's cookies, values by name; `user` is empty for a stranger."""

    user: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def again(self) -> "Visitor":
        """The same visitor with cookies of their own: what one cell sets isn't sent to another."""
        return Visitor(user=self.user, cookies=dict(self.cookies))

    def take(self, set_cookie: str) -> None:
        """Keep a cookie as a browser does; one that is to be removed has no lifetime."""
        for name, one in SimpleCookie(set_cookie).items():
            if one["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = one.value

    def __str__(self) -> str:
        return self.user or "a stranger"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response. `queries`: as Server-Timing says, -1 where it doesn't; `worker`: a process id."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str
    queries: int
    worker: int

    def header(self, name: str) -> str:
        """Return the header's value, '' where there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


class Line:
    """One connection. Raises ProbeError once it is lost: another worker would answer."""

    def __init__(self, base_url: str) -> None:
        self.base_url = require_loopback(base_url)
        parts = urlsplit(base_url)
        self._connection = HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_SECONDS)
        self.worker = 0
        try:
            self._connection.connect()
            self._connection.auto_open = 0  # a new one might reach another worker
            self.worker = _worker(self.get("/-/optimizations", Visitor()).text, base_url)
        except OSError as error:
            raise ProbeError(f"{base_url} takes no connection: {error}") from None
        except ProbeError:
            self.close()
            raise

    def get(self, path: str, visitor: Visitor) -> Answer:
        """Ask for a page as the visitor; redirects aren't followed."""
        return self._ask("GET", path, visitor, None)

    def post(self, path: str, visitor: Visitor, data: Mapping[str, str]) -> Answer:
        """Send a form as the visitor; its CSRF token is the caller's."""
        return self._ask("POST", path, visitor, urlencode(data))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, path: str, visitor: Visitor, body: str | None) -> Answer:
        headers = {"Referer": f"{self.base_url}{path}"}
        if visitor.cookies:
            headers["Cookie"] = "; ".join(f"{key}={one}" for key, one in visitor.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise ProbeError(
                f"{method} {path} as {visitor}: no answer of worker {self.worker} over the connection "
                f"that it served until then ({type(error).__name__})"
            ) from None
        for one in response.headers.get_all("Set-Cookie", []):
            visitor.take(one)
        return _answer(response, text, self.worker)


@contextlib.contextmanager
def open_lines(base_url: str, workers: int) -> Iterator[list[Line]]:
    """A line to each of so many workers, or of as many as answer, for the time of the block."""
    lines: dict[int, Line] = {}
    with contextlib.ExitStack() as opened:
        for _ in range(MOST_CONNECTIONS):
            line = Line(base_url)
            opened.callback(line.close)
            lines.setdefault(line.worker, line)
            if len(lines) >= workers:
                break
        yield list(lines.values())


def _worker(text: str, base_url: str) -> int:
    try:
        content: dict[str, Any] = json.loads(text)
        return int(content["probes"]["preload"]["evidence"]["process"])
    except (KeyError, TypeError, ValueError):
        raise ProbeError(
            f"{base_url}/-/optimizations doesn't say which process answers: is it the replica?"
        ) from None


def _answer(response: HTTPResponse, text: str, worker: int) -> Answer:
    timing = parse(response.headers.get("Server-Timing", ""))
    return Answer(
        status=response.status,
        headers=tuple(response.headers.items()),
        text=text,
        queries=int(timing["queries"]),
        worker=worker,
    )
