"""Redis killed under load: no session is lost, no cookie is touched, no visitor sees an error page."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import requests

from .replica import Replica, wait_until

VISITORS = 6
TRY_AGAIN = 429
COOKIE = "sessionid"


@pytest.fixture(scope="module")
def visitors(replica: Replica) -> list[requests.Session]:
    replica.up(["redis-sessions"])
    return [replica.login(number) for number in range(VISITORS)]


@dataclass
class Seen:
    """What the visitors saw while Redis went away and came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    cookies: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def browse(replica: Replica, visitor: requests.Session, stop: threading.Event, seen: Seen) -> None:
    for path in ("/people/", "/dashboard/", "/posts/new/", "/colleges/") * 10_000:
        if stop.is_set():
            return
        try:
            answer = replica.get(path, visitor)
        except requests.RequestException as error:
            seen.errors.append(str(error))
            continue
        seen.statuses[answer.status_code] += 1
        if COOKIE in answer.headers.get("Set-Cookie", ""):
            seen.cookies.append(answer.headers["Set-Cookie"])


def logged_in(replica: Replica, *visitors: requests.Session) -> bool:
    return all(replica.get("/dashboard/", visitor).status_code == 200 for visitor in visitors)


def assert_all_come_back(replica: Replica, visitors: list[requests.Session]) -> None:
    """Each process asks Redis again by its own breaker; a lost session would never come back."""
    wait_until(lambda: logged_in(replica, *visitors), 15, "every visitor is logged in again")


def under_load(replica: Replica, visitors: list[requests.Session], outage: object) -> Seen:
    seen, stop = Seen(), threading.Event()
    with ThreadPoolExecutor(max_workers=VISITORS) as pool:
        for visitor in visitors:
            pool.submit(browse, replica, visitor, stop, seen)
        wait_until(lambda: seen.statuses[200] > 20, 30, "the visitors browse")
        try:
            outage(seen)  # type: ignore[operator]
        finally:
            stop.set()
    return seen


def test_kill_9_of_redis_under_load_loses_nothing(
    replica: Replica, visitors: list[requests.Session]
) -> None:
    before = [visitor.cookies[COOKIE] for visitor in visitors]

    def killed(seen: Seen) -> None:
        replica.kill("redis")
        wait_until(lambda: replica.health("redis") == "healthy", 60, "redis is back")
        served = seen.statuses[200]
        wait_until(lambda: seen.statuses[200] > served + 50, 60, "pages are served again")

    seen = under_load(replica, visitors, killed)

    assert seen.errors == []
    assert set(seen.statuses) <= {200, TRY_AGAIN}
    assert seen.cookies == []
    assert [visitor.cookies[COOKIE] for visitor in visitors] == before
    assert_all_come_back(replica, visitors)


def test_while_redis_is_away_pages_that_need_a_login_say_try_again(
    replica: Replica, visitors: list[requests.Session]
) -> None:
    def stopped(seen: Seen) -> None:
        replica.compose("stop", "redis", COMPOSE_PROFILES="redis-sessions")
        wait_until(lambda: seen.statuses[TRY_AGAIN] > 20, 60, "pages say try again")
        ready = replica.get("/-/health/ready")
        assert ready.status_code == 503
        assert "sessions" in ready.json()["failing"]
        page = replica.get("/dashboard/", visitors[0])
        assert page.status_code == TRY_AGAIN
        assert "no-store" in page.headers["Cache-Control"]
        assert int(page.headers["Retry-After"]) > 0
        assert replica.get("/colleges/", visitors[0]).status_code == 200
        login = requests.Session()
        form = login.get(f"{replica.url}/login/", timeout=30)
        assert form.status_code < 500
        replica.compose("start", "redis", COMPOSE_PROFILES="redis-sessions")
        wait_until(lambda: logged_in(replica, visitors[0]), 60, "the visitor is logged in again")

    seen = under_load(replica, visitors, stopped)

    assert seen.errors == []
    assert set(seen.statuses) <= {200, TRY_AGAIN}
    assert seen.cookies == []
    assert_all_come_back(replica, visitors)


def test_a_restart_of_redis_keeps_a_session_made_just_before(replica: Replica) -> None:
    replica.up(["redis-sessions"])
    visitor = replica.login(7)
    replica.kill("redis")
    start = time.monotonic()
    wait_until(lambda: logged_in(replica, visitor), 60, "the new session is there")
    print(f"logged in again {time.monotonic() - start:.1f} s after kill -9")
