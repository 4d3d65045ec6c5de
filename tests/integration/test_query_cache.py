"""The query cache in the replica: whoever writes, the very next page of every worker shows it."""

import re
import uuid
from collections.abc import Callable

import pytest
import requests

from slipstream.generations.settings import GenerationsSettings
from slipstream.optimizations import recommended
from tests.unit.campus.html import Document

from .replica import Replica, Timing, wait_until
from .test_redis_outage import Seen, under_load

CACHED = ("redis-sessions", "query-cache")
WORKERS = 2
ROUNDS = 8
STUDENT = "student000000"
PEOPLE, PERSON, COLLEGES = "/people/", f"/people/{STUDENT}/", "/colleges/"
BACK_SECONDS = 3 * GenerationsSettings().HOLD_SECONDS + 4


def worker_of(replica: Replica, visitor: requests.Session) -> int:
    report = replica.get("/-/optimizations", visitor).json()
    return int(report["probes"]["preload"]["evidence"]["process"])


def one_visitor_per_worker(replica: Replica) -> list[requests.Session]:
    """Visitors logged in as one student: a connection stays with the worker that accepted it."""
    cookies = replica.login().cookies
    found: dict[int, requests.Session] = {}

    def all_there() -> bool:
        visitor = requests.Session()
        visitor.cookies.update(cookies)
        found.setdefault(worker_of(replica, visitor), visitor)
        return len(found) == WORKERS

    wait_until(all_there, 30, "a connection to each worker")
    return list(found.values())


def assert_still_one_per_worker(replica: Replica, visitors: list[requests.Session]) -> None:
    assert len({worker_of(replica, visitor) for visitor in visitors}) == WORKERS


def is_cached(replica: Replica, visitors: list[requests.Session], path: str) -> bool:
    return all(Timing.of(replica.get(path, visitor)).queries == 0 for visitor in visitors)


def warm(replica: Replica, visitors: list[requests.Session], *paths: str) -> None:
    for path in paths:
        wait_until(
            lambda path=path: is_cached(replica, visitors, path),
            BACK_SECONDS,
            f"{path} comes from the cache in every worker",
        )


def post(replica: Replica, visitor: requests.Session, path: str, **changed: str) -> None:
    """Change a form and send it, with all that it already held."""
    html = replica.get(path, visitor).text
    held = {field["name"]: field.get("value", "") for field in Document(html).all("input")}
    chosen = r'<select name="(\w+)".*?<option value="([^"]*)" selected'
    answer = visitor.post(
        f"{replica.url}{path}",
        data=held | dict(re.findall(chosen, html, re.DOTALL)) | changed,
        headers={"Referer": replica.url},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 302, answer.text


def publish(replica: Replica, visitor: requests.Session) -> str:
    text = f"Written as {uuid.uuid4()}."
    post(replica, visitor, "/posts/new/", body=text)
    return text


def introduce(replica: Replica, visitor: requests.Session) -> str:
    text = f"Known as {uuid.uuid4()}."
    post(replica, visitor, "/profile/edit/", about=text)
    return text


def missing(replica: Replica, visitors: list[requests.Session], path: str, text: str) -> list[int]:
    """The workers, by their number, whose page doesn't hold the text."""
    pages = [replica.get(path, visitor).text for visitor in visitors]
    return [number for number, page in enumerate(pages) if text not in page]


def manage(replica: Replica, *words: str) -> str:
    done = replica.compose("exec", "-T", "web", "python", "manage.py", *words)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_warm_page_of_a_visitor_who_is_logged_in_asks_the_database_nothing(
    replica: Replica,
) -> None:
    replica.up(CACHED)
    visitors = one_visitor_per_worker(replica)
    warm(replica, visitors, PEOPLE)

    seen = [Timing.of(replica.get(PEOPLE, visitor)) for visitor in visitors * 20]

    assert {(timing.queries, timing.connections) for timing in seen} == {(0, 0)}


@pytest.mark.parametrize("names", [CACHED, recommended()], ids="+".join)
@pytest.mark.parametrize("write", [publish, introduce])
def test_a_write_by_one_worker_is_on_the_next_page_of_every_worker(
    replica: Replica,
    names: tuple[str, ...],
    write: Callable[[Replica, requests.Session], str],
) -> None:
    replica.up(names)
    visitors = one_visitor_per_worker(replica)

    for number in range(ROUNDS):
        warm(replica, visitors, PERSON)
        text = write(replica, visitors[number % WORKERS])
        assert missing(replica, visitors, PERSON, text) == []

    assert_still_one_per_worker(replica, visitors)


def test_a_command_that_locks_an_account_bites_in_every_worker_at_once(replica: Replica) -> None:
    replica.up(CACHED)
    visitors = one_visitor_per_worker(replica)
    account = (
        f"from django.contrib.auth.models import User; User.objects.filter(username='{STUDENT}')"
    )
    warm(replica, visitors, PEOPLE)

    try:
        manage(replica, "shell", "-c", f"{account}.update(is_active=False)")
        locked = [replica.get(PEOPLE, visitor).status_code for visitor in visitors]
    finally:
        manage(replica, "shell", "-c", f"{account}.update(is_active=True)")

    assert locked == [302] * WORKERS
    assert [replica.get(PEOPLE, visitor).status_code for visitor in visitors] == [200] * WORKERS


def test_a_write_past_django_shows_once_the_cache_is_cleared(replica: Replica) -> None:
    replica.up(CACHED)
    visitors = one_visitor_per_worker(replica)
    town = f"Town {uuid.uuid4()}"
    warm(replica, visitors, COLLEGES)

    with replica.database(role="app") as connection:
        connection.execute("UPDATE campus_college SET town = %s WHERE id = 1", [town])
    unseen = missing(replica, visitors, COLLEGES, town)
    manage(replica, "querycache", "clear")

    assert len(unseen) == WORKERS
    assert missing(replica, visitors, COLLEGES, town) == []


def test_what_was_written_while_the_cache_was_off_shows_when_it_is_on_again(
    replica: Replica,
) -> None:
    replica.up(CACHED)
    warm(replica, one_visitor_per_worker(replica), PERSON)
    started = replica.container("memcached")["State"]["StartedAt"]

    replica.up(["redis-sessions"])
    text = publish(replica, replica.login())
    replica.up(CACHED)

    assert missing(replica, one_visitor_per_worker(replica), PERSON, text) == []
    assert replica.container("memcached")["State"]["StartedAt"] == started


def test_without_memcached_pages_are_right_and_none_fails(replica: Replica) -> None:
    replica.up(CACHED)
    visitors = one_visitor_per_worker(replica)
    warm(replica, visitors, PERSON)

    def stopped(seen: Seen) -> None:
        replica.compose("stop", "memcached", COMPOSE_PROFILES="query-cache")
        served = seen.statuses[200]
        for visitor in visitors * 2:
            assert missing(replica, visitors, PERSON, publish(replica, visitor)) == []
        wait_until(lambda: seen.statuses[200] > served + 50, 60, "pages are served")
        replica.compose("start", "memcached", COMPOSE_PROFILES="query-cache")
        assert missing(replica, visitors, PERSON, publish(replica, visitors[0])) == []

    seen = under_load(replica, [replica.login(number) for number in range(1, 5)], stopped)

    assert seen.errors == []
    assert set(seen.statuses) == {200}
    wait_until(lambda: replica.health("memcached") == "healthy", 60, "memcached is back")
    warm(replica, visitors, PERSON)
    assert missing(replica, visitors, PERSON, publish(replica, visitors[1])) == []
    assert_still_one_per_worker(replica, visitors)


def test_kill_9_of_memcached_under_load_shows_nothing_old_and_no_error(replica: Replica) -> None:
    replica.up(CACHED)
    visitors = one_visitor_per_worker(replica)
    warm(replica, visitors, PERSON)

    def killed(seen: Seen) -> None:  # noqa: ARG001
        before = replica.container("memcached")["State"]["StartedAt"]
        replica.kill("memcached")

        def back() -> bool:
            assert missing(replica, visitors, PERSON, publish(replica, visitors[0])) == []
            return bool(replica.container("memcached")["State"]["StartedAt"] != before)

        wait_until(back, 60, "memcached is back")
        wait_until(lambda: replica.health("memcached") == "healthy", 60, "memcached is healthy")

    seen = under_load(replica, [replica.login(number) for number in range(1, 5)], killed)

    assert seen.errors == []
    assert set(seen.statuses) == {200}
    warm(replica, visitors, PERSON)
    assert missing(replica, visitors, PERSON, publish(replica, visitors[1])) == []
    assert_still_one_per_worker(replica, visitors)


def test_web_starts_and_serves_while_memcached_is_away(replica: Replica) -> None:
    replica.up(CACHED)
    replica.compose("stop", "memcached", COMPOSE_PROFILES="query-cache")

    replica.compose("restart", "web")

    wait_until(lambda: replica.health("web") == "healthy", 60, "web is healthy")
    assert replica.get(COLLEGES).status_code == 200
    replica.compose("start", "memcached", COMPOSE_PROFILES="query-cache")
    warm(replica, one_visitor_per_worker(replica), COLLEGES)
