"""A worker of the replica, as a visitor talks to it: one kept connection, cookies given by hand.

http.client: a heavier one would use the processor that the site needs.
"""

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

__all__ = ["Answer", "TryAgain", "Worker", "workers"]

COOKIE = "sessionid"
TRIES = 200
TRY_AGAIN = 429


class TryAgain(Exception):
    """The session could not be had just now, and the page said so: no answer, so no wrong one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page said; `cookie`: the session's, as it was set, '' where it was deleted."""

    status: int
    said: dict[str, Any]
    cookie: str | None
    timing: str


class Worker:
    """A connection stays with the worker that accepted it."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, page: str, cookie: str = "") -> Answer:
        """Raises TryAgain."""
        return self._ask("GET", page, None, cookie)

    def post(self, page: str, cookie: str = "", **fields: str) -> Answer:
        """Raises TryAgain; what of it was done is not known then."""
        return self._ask("POST", page, urllib.parse.urlencode(fields), cookie)

    def _ask(self, method: str, page: str, body: str | None, cookie: str) -> Answer:
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, f"/rounds/{page}/", body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status == TRY_AGAIN:
            raise TryAgain
        is_json = answer.headers.get_content_type() == "application/json"
        return Answer(
            status=answer.status,
            said=json.loads(content) if is_json else {},
            cookie=_cookie_set(answer.headers.get_all("Set-Cookie") or []),
            timing=answer.headers.get("Server-Timing", ""),
        )

    def close(self) -> None:
        self.connection.close()


def workers(port: int, number: int) -> list[Worker]:
    """Return a connection to each of so many workers."""
    found: dict[int, Worker] = {}
    for _ in range(TRIES):
        one = Worker(port)
        process = one.get("name").said["worker"]
        if process in found:
            one.close()
        else:
            found[process] = one
        if len(found) == number:
            return list(found.values())
    raise AssertionError(f"{TRIES} connections reached {len(found)} workers, not {number}")


def _cookie_set(headers: list[str]) -> str | None:
    for header in headers:
        cookies = SimpleCookie(header)
        if COOKIE in cookies:
            return cookies[COOKIE].value
    return None
