"""Sessions in a real Redis: kept over its kill, saved as Django's own engines save them."""

import hashlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.test import AsyncClient, Client

from slipstream.sessions import keys
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.redis import SessionStore
from slipstream.sessions.status import status

from .replica import wait_until
from .sessions import START_SECONDS, Server, Start, browser, visitor

TRY_AGAIN = 429


@pytest.fixture
def student(db: None) -> User:  # noqa: ARG001
    return User.objects.create(pk=1, username="student", password="unusable")


@pytest.mark.usefixtures("site", "student")
def test_login_and_logout_as_ever() -> None:
    client = browser()
    assert client.post("/login/").headers["Location"] == "/member/"
    assert client.get("/member/").content == b"welcome student"
    logged_in = client.cookies["sessionid"].value
    client.post("/logout/")
    assert client.cookies["sessionid"].value == ""
    assert not SessionStore().exists(logged_in)


@pytest.mark.usefixtures("site", "student")
def test_login_gives_the_session_another_key_and_keeps_its_data() -> None:
    client = visitor()
    before = client.cookies["sessionid"].value
    client.post("/login/")
    after = client.cookies["sessionid"].value
    assert before != after
    assert not SessionStore().exists(before)
    assert SessionStore(after)["seen"] == 1


@pytest.mark.usefixtures("site")
def test_a_session_costs_a_round_trip_to_read_and_three_to_save() -> None:
    client = visitor()
    round_trips = [
        client.get(page).headers["Server-Timing"].split("cache;")[1].split('"')[1]
        for page in ("/plain/", "/moved/", "/remember/")
    ]
    assert round_trips == ["0", "1", "4"]


def test_session_is_json_and_expires(site: Server) -> None:
    key = keys.in_redis(visitor().cookies["sessionid"].value)
    with site.admin as client:
        assert json.loads(client.get(key)) == {"seen": 1}
        assert 0 < client.pttl(key) <= 14 * 24 * 3600 * 1000


def test_what_redis_holds_gives_no_login(site: Server) -> None:
    with site.admin as client:
        client.flushall()
        cookie = visitor().cookies["sessionid"].value
        (key,) = client.keys("*:session:*")
        held = key.decode().rpartition(":")[2]
    assert held == hashlib.sha256(cookie.encode()).hexdigest()
    thief = browser()
    for stolen in (held, key.decode(), held[:32]):
        thief.cookies["sessionid"] = stolen
        assert thief.get("/known/").status_code == 302


def test_session_under_an_unhashed_key_is_read_and_moved(site: Server) -> None:
    client = visitor()
    cookie = client.cookies["sessionid"].value
    hashed, unhashed = keys.in_redis(cookie), keys.unhashed(cookie)
    with site.admin as redis:
        redis.rename(hashed, unhashed)
        lifetime = redis.pttl(unhashed)
        assert client.get("/remember/").content == b"seen 2"
        assert not redis.exists(unhashed)
        assert lifetime - 60_000 < redis.pttl(hashed) <= 14 * 24 * 3600 * 1000


@pytest.mark.usefixtures("student")
def test_logout_deletes_the_unhashed_session_too(site: Server) -> None:
    cookie = visitor().cookies["sessionid"].value
    with site.admin as redis:
        redis.copy(keys.in_redis(cookie), keys.unhashed(cookie))
    SessionStore(cookie).flush()
    assert not SessionStore().exists(cookie)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"maxmemory": "2mb"}, "% of its memory is used"),
        ({"maxmemory-policy": "allkeys-lru"}, "'allkeys-lru'"),
    ],
)
def test_operator_is_warned_before_sessions_are_lost(
    start_site: Start, caplog: pytest.LogCaptureFixture, settings: dict[str, str], said: str
) -> None:
    server = start_site(WARN_ABOVE=0.2)
    with server.admin as admin, caplog.at_level(logging.WARNING, "slipstream"):
        before = {name: admin.config_get(name)[name] for name in settings}
        assert status().warning == ""
        try:
            for name, value in settings.items():
                admin.config_set(name, value)
            warned = [status() for _ in range(3)]
        finally:
            for name, value in before.items():
                admin.config_set(name, value)
        assert status().warning == ""
    assert [seen.available for seen in warned] == [True] * 3
    assert all(said in seen.warning for seen in warned)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


@pytest.mark.usefixtures("site")
def test_save_does_not_bring_a_deleted_session_back() -> None:
    session = SessionStore(visitor().cookies["sessionid"].value)
    session["late"] = True
    SessionStore().delete(session.session_key)
    with pytest.raises(UpdateError):
        session.save()
    assert not SessionStore().exists(session.session_key)


@pytest.mark.usefixtures("site")
def test_session_that_read_as_empty_is_never_saved_in_the_same_request() -> None:
    key = visitor().cookies["sessionid"].value
    session = SessionStore(key)
    session.unavailable = True  # as after an outage that is over by now
    session["seen"] = 99
    with pytest.raises(SessionUnavailable):
        session.save()
    assert SessionStore(key)["seen"] == 1


@pytest.mark.usefixtures("site")
def test_unknown_session_is_given_up_with_its_cookie() -> None:
    client = browser()
    client.cookies["sessionid"] = "b" * 32
    response = client.get("/moved/")
    assert response.cookies["sessionid"]["max-age"] == 0


def test_connections_killed_in_the_pool_are_no_outage(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = visitor()
    with site.admin as admin, caplog.at_level(logging.WARNING):
        admin.client_kill_filter(_type="normal", skipme=True)
        assert client.get("/remember/").content == b"seen 2"
    assert not caplog.records


@pytest.mark.usefixtures("student")
def test_full_redis_refuses_writes_and_still_answers_reads(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = visitor()
    with site.admin as admin, caplog.at_level(logging.WARNING, "slipstream"):
        limit = admin.config_get("maxmemory")["maxmemory"]
        admin.config_set("maxmemory", 1)
        assert client.get("/remember/").content == b"seen 2"
        assert client.get("/remember/").content == b"seen 2"
        assert client.post("/login/").status_code == TRY_AGAIN
        assert not status().available
        admin.config_set("maxmemory", limit)
        assert status().available
    assert client.get("/remember/").content == b"seen 2"
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_kill_logs_nobody_out_and_recovers_by_itself(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    visitors = [visitor() for _ in range(50)]
    cookies = [client.cookies["sessionid"].value for client in visitors]
    with caplog.at_level(logging.WARNING, "slipstream"):
        site.kill()
        assert {client.get("/known/").status_code for client in visitors} == {TRY_AGAIN}
        assert not status().available
        site.start()
        wait_until(lambda: status().available, START_SECONDS, "sessions are available again")
    assert [client.cookies["sessionid"].value for client in visitors] == cookies
    assert {client.get("/known/").status_code for client in visitors} == {200}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_kill_under_load_gives_no_server_error_and_deletes_no_cookie(site: Server) -> None:
    visitors = [visitor() for _ in range(8)]
    cookies = [client.cookies["sessionid"].value for client in visitors]
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def browse(client: Client) -> None:
        while not stop.is_set():
            for page in ("/known/", "/remember/", "/plain/"):
                statuses[client.get(page).status_code] += 1

    threads = [threading.Thread(target=browse, args=(client,)) for client in visitors]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: statuses[200] > 100, 60, "pages are served")
        site.kill()
        wait_until(lambda: statuses[TRY_AGAIN] > 100, 60, "the outage is seen")
        site.start()
        wait_until(lambda: status().available, START_SECONDS, "sessions are available again")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200, TRY_AGAIN}
    assert [client.cookies["sessionid"].value for client in visitors] == cookies
    assert {client.get("/known/").status_code for client in visitors} == {200}


@pytest.mark.usefixtures("site")
def test_session_methods_work_in_async_views() -> None:
    client = AsyncClient(raise_request_exception=False)
    get: Callable[[str], Any] = async_to_sync(client.get)
    assert [get("/remember-async/").content for _ in range(2)] == [b"seen 1", b"seen 2"]
