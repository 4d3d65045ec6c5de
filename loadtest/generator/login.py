"""Logs visitors in through the site's real form, CSRF included, once per run and session store.

A log-in costs the replica about 0.4 s of CPU time (PBKDF2, as it should): done in every window it
would be all that is measured. So a visitor logs in once, and cells that keep their sessions in the
same store share the cookie: they share the store and the secret key, so it is valid in all of them.
"""

from http.cookiejar import CookieJar
from typing import Any

import gevent
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from loadtest.errors import GeneratorError
from loadtest.generator.catalog import Form

__all__ = ("log_in", "reader")

PASSWORD = "campus"  # noqa: S105 - the documented password of the sample data
FOUND, OK = 302, 200


def log_in(base_url: str, visitors: int) -> list[CookieJar]:
    """A cookie jar per visitor, logged in. Raises GeneratorError naming the first who couldn't."""
    greenlets = [
        gevent.spawn(_log_in, base_url, f"student{number:06d}") for number in range(visitors)
    ]
    gevent.joinall(greenlets, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


def reader(base_url: str, jar: CookieJar) -> Any:
    """A function that gives a page's text as this visitor sees it."""
    session = _session(base_url)
    session.cookiejar = session.client.cookiejar = jar

    def read(path: str) -> str:
        response = session.get(path, allow_redirects=False)
        _expect(response, OK, path)
        return str(response.text)

    return read


def _log_in(base_url: str, username: str) -> CookieJar:
    session = _session(base_url)
    form = session.get("/login/", allow_redirects=False)
    _expect(form, OK, "/login/")
    data = {
        "csrfmiddlewaretoken": Form(str(form.text)).token,
        "username": username,
        "password": PASSWORD,
    }
    answer = session.post(
        "/login/", data=data, allow_redirects=False, headers={"Referer": base_url}
    )
    _expect(answer, FOUND, f"/login/ as {username!r}")
    jar: CookieJar = session.cookiejar
    return jar


def _session(base_url: str) -> FastHttpSession:
    unheard = EventHook()  # type: ignore[no-untyped-call]
    return FastHttpSession(base_url, unheard, None, network_timeout=60.0, connection_timeout=30.0)


def _expect(response: Any, status: int, what: str) -> None:
    if response.status_code == status:
        return
    reason = response.status_code or repr(getattr(response, "error", None))
    raise GeneratorError(
        f"{what} answered {reason} instead of {status}: is the site up and seeded?"
    )
