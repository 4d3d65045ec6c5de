"""What visitors get while the Redis of the sessions is in trouble: no 5xx, no lost cookie."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.test import AsyncClient, Client

from .conftest import COOKIE, Site
from .servers import closed_port, complaining_port, silent_port
from .tiny_site import PREFIX

TRY_AGAIN = 429

Trouble = Callable[[], AbstractContextManager[tuple[str, int]]]


TROUBLES: dict[str, Trouble] = {
    "refused": closed_port,
    "silent": silent_port,
    "unknown name": partial(nullcontext, ("redis.invalid", 6379)),
    "loading": partial(complaining_port, "LOADING Redis is loading the dataset in memory"),
    "no password": partial(complaining_port, "NOAUTH Authentication required."),
    "wrong password": partial(complaining_port, "WRONGPASS invalid username-password pair"),
    "no permission": partial(complaining_port, "NOPERM User web has no permissions to run this"),
    "no disk": partial(complaining_port, "MISCONF Redis is configured to save RDB snapshots"),
    "full": partial(complaining_port, "OOM command not allowed when used memory > 'maxmemory'."),
    "replica": partial(complaining_port, "READONLY You can't write against a read only replica."),
}


@pytest.fixture(params=TROUBLES)
def troubled(request: pytest.FixtureRequest, site: Site) -> Iterator[Client]:
    with TROUBLES[request.param]() as address:
        yield site(address)


def _assert_cookie_untouched(response: Any) -> None:
    assert "sessionid" not in response.cookies


def _assert_kept_out_of_caches(response: Any) -> None:
    for directive in ("no-store", "private", "max-age=0"):
        assert directive in response.headers["Cache-Control"]
    assert "Cookie" in response.headers["Vary"]


def test_page_that_greets_sees_nobody(troubled: Client) -> None:
    response = troubled.get("/greet/")
    assert (response.status_code, response.content) == (200, b"hello AnonymousUser")
    _assert_cookie_untouched(response)
    _assert_kept_out_of_caches(response)


def test_page_for_members_says_try_again(troubled: Client) -> None:
    response = troubled.get("/member/")
    assert response.status_code == TRY_AGAIN
    assert response.headers["Retry-After"] == "5"
    _assert_cookie_untouched(response)
    _assert_kept_out_of_caches(response)


def test_login_says_try_again(troubled: Client) -> None:
    response = troubled.post("/login/")
    assert response.status_code == TRY_AGAIN
    assert b"Nothing was saved" in response.content
    _assert_cookie_untouched(response)


def test_logout_says_try_again_instead_of_pretending(visitor: Client) -> None:
    response = visitor.post("/logout/")
    assert response.status_code == TRY_AGAIN
    _assert_cookie_untouched(response)


@pytest.mark.parametrize("page", ["/guarded-elsewhere/", "/forbidden/", "/careless/"])
def test_refusals_that_the_session_might_have_prevented_say_try_again(
    visitor: Client, page: str
) -> None:
    response = visitor.get(page)
    assert response.status_code == TRY_AGAIN
    _assert_cookie_untouched(response)


def test_other_redirects_are_as_ever(visitor: Client) -> None:
    response = visitor.get("/moved/")
    assert (response.status_code, response.headers["Location"]) == (302, "/plain/")
    _assert_kept_out_of_caches(response)


def test_page_without_session_is_as_ever(visitor: Client) -> None:
    response = visitor.get("/plain/")
    assert (response.status_code, response.content) == (200, b"as ever")
    assert "Cache-Control" not in response.headers


def test_visitor_without_cookie_is_sent_to_the_login_as_ever(visitor: Client) -> None:
    visitor.cookies.clear()
    response = visitor.get("/member/")
    assert (response.status_code, response.headers["Location"]) == (302, "/login/?next=/member/")


def test_write_at_the_end_of_a_request_is_dropped_with_the_cookie_untouched(
    troubled: Client,
) -> None:
    response = troubled.get("/remember/")
    assert (response.status_code, response.content) == (200, b"seen 1")
    _assert_cookie_untouched(response)
    _assert_kept_out_of_caches(response)


def test_first_write_of_a_new_visitor_sets_no_cookie(visitor: Client) -> None:
    visitor.cookies.clear()
    response = visitor.get("/remember/")
    assert (response.status_code, response.content) == (200, b"seen 1")
    _assert_cookie_untouched(response)
    _assert_kept_out_of_caches(response)


def test_save_every_request_touches_no_cookie(site: Site) -> None:
    with closed_port() as address:
        response = site(address, SESSION_SAVE_EVERY_REQUEST=True).get("/plain/")
    assert response.status_code == 200
    _assert_cookie_untouched(response)


def test_middleware_that_saves_the_session_says_try_again(site: Site) -> None:
    with closed_port() as address:
        middleware = ["slipstream.sessions.middleware.SessionMiddleware"]
        visitor = site(address, MIDDLEWARE=[*middleware, f"{PREFIX}.eager_middleware"])
        response = visitor.get("/plain/")
    assert response.status_code == TRY_AGAIN
    _assert_cookie_untouched(response)


@pytest.mark.parametrize("name", ["curious_middleware", None])
def test_cached_view_keeps_nothing_rendered_without_the_session(
    site: Site, name: str | None
) -> None:
    with closed_port() as address:
        stack = [
            "slipstream.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            *([f"{PREFIX}.{name}"] if name else []),
        ]
        visitor = site(address, MIDDLEWARE=stack)
        cache.clear()
        assert visitor.get("/cached/").status_code == 200
        assert not cache._cache  # type: ignore[attr-defined] # the local-memory cache's items


def test_page_is_html_with_a_language_and_a_heading(visitor: Client) -> None:
    response = visitor.get("/member/", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.headers["Content-Type"].startswith("text/html")
    page = response.content.decode()
    assert '<html lang="en">' in page
    assert page.count("<h1>") == page.count("<main>") == 1


def test_client_without_html_gets_json_or_plain_text(visitor: Client) -> None:
    accepts_json = visitor.get("/member/", headers={"accept": "application/json"})
    assert json.loads(accepts_json.content)["error"] == "session-unavailable"
    other = visitor.get("/member/", headers={"accept": "image/png"})
    assert other.headers["Content-Type"].startswith("text/plain")


def test_an_outage_is_logged_once(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            visitor.get("/greet/")
            visitor.get("/member/")
    assert [record.name for record in caplog.records] == ["slipstream.sessions"]
    assert "refused" in caplog.text


@pytest.mark.usefixtures("visitor")
@pytest.mark.parametrize(("page", "status"), [("greet-async", 200), ("member-async", TRY_AGAIN)])
def test_async_views_are_answered_alike(page: str, status: int) -> None:
    client = AsyncClient(raise_request_exception=False)
    client.cookies["sessionid"] = COOKIE
    response = async_to_sync(client.get)(f"/{page}/")
    assert response.status_code == status
    _assert_cookie_untouched(response)
    _assert_kept_out_of_caches(response)


@pytest.mark.usefixtures("visitor")
def test_async_login_says_try_again() -> None:
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.post)("/login-async/")
    assert response.status_code == TRY_AGAIN
    _assert_cookie_untouched(response)
