"""Sessions that move between the database and Redis: nobody is logged out, no log-out is undone."""

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from slipstream.sessions import backward, bulk, database, keys, redis, rows
from slipstream.sessions.management.commands.sessions import Command

from .sessions import Server, Start, browser, visitor

DATABASE = "django.contrib.sessions.backends.db"
MOVING_BACK = "slipstream.sessions.database"
TO_REDIS: dict[str, Any] = {"MOVE_FROM": "database"}
MANY = 1200

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def student() -> User:
    return User.objects.create(pk=1, username="student", password="unusable")


@pytest.fixture(autouse=True)
def _empty(server: Server) -> None:
    with server.admin as client:
        client.flushall()


def seen(client: Client) -> str:
    """Visit a page that neither reads nor writes anything new; say who the visitor is to it."""
    return str(client.get("/known/").content.decode())


def cookie_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def in_redis(server: Server) -> int:
    with server.admin as client:
        return len(client.keys("*:session:*"))


# --- one at a visit


@pytest.mark.usefixtures("student")
def test_visitor_stays_logged_in_there_and_back(start_site: Start) -> None:
    start_site(DATABASE)
    client = browser()
    client.post("/login/")
    cookie = cookie_of(client)

    for engine, settings in (("", TO_REDIS), (MOVING_BACK, {}), ("", TO_REDIS)):
        server = start_site(engine, **settings)
        assert client.get("/member/").content == b"welcome student"
        assert (in_redis(server), Session.objects.count()) == ((0, 1) if engine else (1, 0))

    assert cookie_of(client) == cookie
    assert "sessionid" not in client.get("/member/").cookies


def test_moved_session_keeps_its_data_and_its_lifetime(start_site: Start) -> None:
    start_site(DATABASE)
    client = visitor()
    session = DatabaseStore(cookie_of(client))
    session.set_expiry(1000)
    session.save()

    server = start_site(**TO_REDIS)
    assert seen(client) == "known"
    with server.admin as admin:
        assert 900_000 < admin.pttl(keys.in_redis(cookie_of(client))) <= 1_000_000

    start_site(MOVING_BACK)
    assert seen(client) == "known"
    row = Session.objects.get(pk=cookie_of(client))
    assert 900_000 < rows.remaining_ms(row.expire_date) <= 1_000_000


def test_expired_row_is_not_moved(start_site: Start) -> None:
    start_site(DATABASE)
    client = visitor()
    session = DatabaseStore(cookie_of(client))
    session.set_expiry(-1)
    session.save()
    server = start_site(**TO_REDIS)
    assert seen(client) == ""
    assert in_redis(server) == 0


def test_rows_are_left_alone_unless_the_setting_says_so(start_site: Start) -> None:
    start_site(DATABASE)
    client = visitor()
    start_site()
    assert seen(client) == ""
    assert Session.objects.count() == 1


@pytest.mark.usefixtures("student")
@pytest.mark.parametrize(("engine", "settings"), [("", TO_REDIS), (MOVING_BACK, {})])
def test_log_out_ends_the_session_in_both_places(
    start_site: Start, engine: str, settings: dict[str, Any]
) -> None:
    """A request that failed after it had moved the session leaves both."""
    start_site(DATABASE)
    client = browser()
    client.post("/login/")
    cookie = cookie_of(client)
    start_site(engine, **settings)
    row, copy = DatabaseStore(cookie), redis.SessionStore(cookie)
    copy._session_cache = row._session_cache = row.load()
    copy.save(must_create=True)
    Session.objects.filter(pk=cookie).update(session_key=keys.hashed_row(cookie))
    row.save(must_create=True)

    client.post("/logout/")

    thief = browser()
    thief.cookies["sessionid"] = cookie
    for again, moving in (("", TO_REDIS), (MOVING_BACK, {})):
        start_site(again, **moving)
        assert thief.get("/member/").status_code == 302


def test_session_that_was_moved_and_ended_is_not_moved_again(
    start_site: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between the SELECT and the DELETE of a slower request."""
    start_site(DATABASE)
    cookie = cookie_of(visitor())
    server = start_site(**TO_REDIS)
    slower, put = redis.SessionStore(cookie), rows._rows

    def faster(session_key: str) -> Any:
        found = list(put(session_key))
        monkeypatch.setattr(rows, "_rows", put)
        redis.SessionStore(cookie).load()
        redis.SessionStore(cookie).flush()
        return _Found(found)

    monkeypatch.setattr(rows, "_rows", faster)
    assert slower.load() == {}
    assert in_redis(server) == 0


class _Found(list[Any]):
    """Rows that were read a moment ago."""

    def filter(self, **_: Any) -> "_Found":
        return self

    def first(self) -> Any:
        return self[0]


def test_session_that_moved_back_and_ended_is_not_brought_back(
    start_site: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As between the read of Redis and the INSERT of a slower request."""
    start_site()
    cookie = cookie_of(visitor())
    start_site(MOVING_BACK)
    made = rows.made

    def slower(*row: Any) -> Any:
        monkeypatch.setattr(rows, "made", made)
        faster = database.SessionStore(cookie)
        assert faster["seen"] == 1
        faster.flush()
        return made(*row)

    monkeypatch.setattr(rows, "made", slower)
    session = database.SessionStore(cookie)
    assert session.load() == {}
    assert session.session_key is None
    assert Session.objects.count() == 0


# --- all at once


def make_sessions(store: Callable[[], Any]) -> list[str]:
    made = []
    for number in range(MANY):
        session = store()
        session["seen"] = number
        session.save()
        made.append(session.session_key)
    return made


def move() -> str:
    out = StringIO()
    call_command(Command(), "move", stdout=out, stderr=StringIO())
    return out.getvalue()


def test_command_moves_all_there_and_back(start_site: Start) -> None:
    start_site(DATABASE)
    cookies = make_sessions(DatabaseStore)

    server = start_site(**TO_REDIS)
    assert move() == f"moved {MANY:,} sessions from the database to Redis\n"
    assert (in_redis(server), Session.objects.count()) == (MANY, 0)
    assert move() == "moved 0 sessions from the database to Redis\n"
    assert [redis.SessionStore(cookie)["seen"] for cookie in cookies] == list(range(MANY))

    start_site(MOVING_BACK)
    assert move() == f"moved {MANY:,} sessions from Redis to the database\n"
    assert (in_redis(server), Session.objects.count()) == (0, MANY)
    found = [database.SessionStore(cookie)["seen"] for cookie in cookies[:100]]
    assert found == list(range(100))


def test_hashed_row_is_found_by_its_visitor_only(start_site: Start) -> None:
    start_site()
    client = visitor()
    start_site(MOVING_BACK)
    move()
    (hashed,) = Session.objects.values_list("pk", flat=True)
    thief = browser()
    for stolen in (hashed, hashed.removeprefix(keys.ROW_PREFIX)):
        thief.cookies["sessionid"] = stolen
        assert seen(thief) == ""
    assert seen(client) == "known"
    assert Session.objects.get().pk == cookie_of(client)


def test_hashed_row_goes_to_redis_with_its_visitor(start_site: Start) -> None:
    start_site()
    client = visitor()
    start_site(MOVING_BACK)
    move()
    server = start_site(**TO_REDIS)
    assert move() == "moved 0 sessions from the database to Redis\n"
    assert seen(client) == "known"
    assert (in_redis(server), Session.objects.count()) == (1, 0)


def test_interrupted_move_goes_on_where_it_was(
    start_site: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_site(DATABASE)
    cookies = make_sessions(DatabaseStore)
    server = start_site(**TO_REDIS)
    with monkeypatch.context() as patched:
        patched.setattr(bulk, "BATCH", 100)
        moving = bulk.to_redis()
        assert (next(moving), next(moving)) == (100, 200)
        patched.setattr(bulk, "_put", partial(interrupted, bulk._put))
        with pytest.raises(KeyboardInterrupt):
            next(moving)

    start_site(**TO_REDIS)  # another process
    assert move() == f"moved {MANY - 200:,} sessions from the database to Redis\n"
    assert (in_redis(server), Session.objects.count()) == (MANY, 0)
    assert [redis.SessionStore(cookie)["seen"] for cookie in cookies] == list(range(MANY))


def interrupted(put: Callable[..., None], *args: Any) -> None:
    put(*args)
    raise KeyboardInterrupt


def test_session_that_ended_during_the_move_back_stays_ended(
    start_site: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_site()
    cookie = cookie_of(visitor())
    start_site(MOVING_BACK)
    read = backward.read

    def read_and_ended(*args: Any) -> Any:
        monkeypatch.setattr(backward, "read", read)
        found = read(*args)
        session = database.SessionStore(cookie)
        assert session["seen"] == 1
        session.flush()
        return found

    monkeypatch.setattr(backward, "read", read_and_ended)
    move()
    assert Session.objects.count() == 0


def test_command_refuses_an_engine_that_nothing_moves_to(start_site: Start) -> None:
    start_site(DATABASE)
    with pytest.raises(CommandError, match="which nothing moves to"):
        move()
