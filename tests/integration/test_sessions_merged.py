"""Requests of one visitor at the same time: what each changed is kept, a log-out wins over all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError

from slipstream.sessions import keys
from slipstream.sessions.redis import SessionStore
from tests.unit.slipstream.sessions import tiny_site

from .sessions import Server, browser, visitor

REQUESTS = 10

pytestmark = pytest.mark.usefixtures("site")


def cookie() -> str:
    return str(visitor().cookies["sessionid"].value)


def loaded(key: str) -> SessionStore:
    """The session of a request that has read it, and not yet saved it."""
    session = SessionStore(key)
    assert session["seen"] == 1
    return session


def stored(key: str) -> dict[str, Any]:
    return dict(SessionStore(key).items())


def test_ten_requests_that_write_different_keys_at_once_lose_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, all_have_read = cookie(), threading.Barrier(REQUESTS, timeout=30)
    monkeypatch.setattr(tiny_site, "meet", all_have_read.wait)

    def request(number: int) -> int:
        client = browser()
        client.cookies["sessionid"] = key
        return int(client.get(f"/note/{number}/").status_code)

    with ThreadPoolExecutor(REQUESTS) as pool:
        statuses = set(pool.map(request, range(REQUESTS)))

    assert statuses == {200}
    assert stored(key) == {"seen": 1} | {f"note {number}": number for number in range(REQUESTS)}


def test_key_that_one_request_removes_stays_removed_when_another_saves() -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    del one["seen"]
    one.save()
    other["late"] = True
    other.save()
    assert stored(key) == {"late": True}


def test_of_two_that_change_one_key_the_later_wins() -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    one["seen"], other["seen"] = 2, 3
    one.save()
    other.save()
    assert stored(key) == {"seen": 3}


def test_change_inside_a_value_is_a_change() -> None:
    key = cookie()
    first = loaded(key)
    first["list"] = [1]
    first.save()
    one, other = loaded(key), loaded(key)
    one["list"].append(2)
    one.save()
    other["late"] = True
    other.save()
    assert stored(key) == {"seen": 1, "list": [1, 2], "late": True}


def test_second_save_of_a_request_keeps_what_others_saved_in_between() -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    one["first"] = 1
    one.save()
    other["other"] = 2
    other.save()
    one["second"] = 3
    one.save()
    assert stored(key) == {"seen": 1, "first": 1, "other": 2, "second": 3}


def test_expiry_that_one_request_sets_is_kept_by_another(site: Server) -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    one.set_expiry(60)
    one.save()
    other["late"] = True
    other.save()
    with site.admin as redis:
        assert 0 < redis.pttl(keys.in_redis(key)) <= 60_000


@pytest.mark.parametrize("end", ["flush", "cycle_key"])
def test_session_that_ended_meanwhile_is_not_brought_back(end: str) -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    getattr(one, end)()
    other["late"] = True
    with pytest.raises(UpdateError):
        other.save()
    assert not SessionStore().exists(key)


def test_cleared_session_is_empty_but_for_what_others_saved() -> None:
    key = cookie()
    one, other = loaded(key), loaded(key)
    other["late"] = True
    other.save()
    one.clear()
    one.save()
    assert stored(key) == {"late": True}


def test_log_outs_among_saves_leave_nothing_behind() -> None:
    key = cookie()
    started = threading.Barrier(REQUESTS, timeout=30)

    def save_or_log_out(number: int) -> None:
        session = loaded(key)
        session[f"note {number}"] = number
        started.wait()
        with suppress(UpdateError):
            session.flush() if number == 0 else session.save()

    with ThreadPoolExecutor(REQUESTS) as pool:
        list(pool.map(save_or_log_out, range(REQUESTS)))

    assert not SessionStore().exists(key)
