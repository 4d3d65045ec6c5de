"""Fragments in the replica: the baseline's HTML for every visitor, as fresh as the database."""

import re
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote

import pytest
import requests
from pymemcache.client.base import Client

from slipstream.optimizations import recommended
from tests.unit.campus.html import Document, without_tokens

from .replica import Replica, Timing, wait_until
from .test_query_cache import (
    BACK_SECONDS,
    PEOPLE,
    PERSON,
    STUDENT,
    manage,
    missing,
    one_visitor_per_worker,
    publish,
    warm,
)

ALONE = ("fragment-cache",)
SETS = (ALONE, recommended(), ("query-cache", "jinja2", "fragment-cache"))
STUDENTS = (0, 1, 2)
DASHBOARD = "/dashboard/"
PATHS = (
    "/",
    PEOPLE,
    f"{PEOPLE}?q=a",
    f"{PEOPLE}?q=a&major=music",
    f"{PEOPLE}?college=1&class_year=x",
    f"{PEOPLE}?q=%22%3Cb%3E",
    DASHBOARD,
    *(f"/people/student{number:06d}/" for number in STUDENTS),
    "/colleges/",
    "/posts/1/",
    "/profile/edit/",
    "/people/nobody/",
)
VISITS = 2
LEAST_HIT_RATIO = 0.5
WRITERS, ROUNDS = 3, 5
LEAST_FORGERIES = 500
FRAGMENT = re.compile(r"\|f:[0-9a-f]{40}$")

Visitors = dict[str, requests.Session]


def visitors_of(replica: Replica) -> Visitors:
    """Three students, and somebody who isn't logged in."""
    students = {f"student {number}": replica.login(number) for number in STUDENTS}
    return {**students, "nobody": requests.Session()}


def page(replica: Replica, path: str, visitor: requests.Session) -> object:
    """A page without what is new each time."""
    answer = replica.get(path, visitor)
    location = answer.headers.get("Location")
    return answer.status_code, location, list(without_tokens(Document(answer.text).parts))


def counted(replica: Replica) -> Counter[str]:
    """What fragments of all processes did so far: a process that is probed tells its own first."""
    for visitor in one_visitor_per_worker(replica):
        probes = replica.get("/-/optimizations", visitor).json()["probes"]
    evidence = probes["fragment-cache"]["evidence"]
    return Counter({name: evidence[name] for name in ("hits", "misses", "bypasses")})


@pytest.fixture(scope="module")
def baseline(replica: Replica) -> dict[tuple[str, str], object]:
    """Each page of the baseline, by visitor and path."""
    replica.up([])
    return {
        (who, path): page(replica, path, visitor)
        for who, visitor in visitors_of(replica).items()
        for path in PATHS
    }


@pytest.mark.parametrize("names", SETS, ids="+".join)
def test_every_page_is_the_baselines_for_every_visitor(
    replica: Replica, names: tuple[str, ...], baseline: dict[tuple[str, str], object]
) -> None:
    replica.up(names)
    visitors = visitors_of(replica)
    warm_fragments(replica, visitors["student 0"])
    before = counted(replica)

    for _ in range(VISITS):
        for path in PATHS:
            for who, visitor in visitors.items():
                assert page(replica, path, visitor) == baseline[who, path], f"{path} as {who}"

    grown = counted(replica) - before
    assert grown["hits"] / grown.total() >= LEAST_HIT_RATIO, grown


def warm_fragments(replica: Replica, visitor: requests.Session) -> None:
    """Wait until generations that were just made are used."""
    for path in (PEOPLE, DASHBOARD, PERSON):
        wait_until(
            lambda path=path: is_rendered_once(replica, visitor, path),
            BACK_SECONDS,
            f"{path} is kept",
        )


def is_rendered_once(replica: Replica, visitor: requests.Session, path: str) -> bool:
    """Say whether a page asks for session, user and, at most, the person that it shows."""
    answers = [replica.get(path, visitor) for _ in range(2)]
    return max(Timing.of(answer).queries for answer in answers) <= 2 + (path == PERSON)


def test_a_warm_page_asks_no_sql_and_the_caches_three_times_beside_the_session(
    replica: Replica,
) -> None:
    replica.up(recommended())
    visitors = one_visitor_per_worker(replica)
    for path in (PEOPLE, DASHBOARD, PERSON):
        warm(replica, visitors, path)

        seen = [Timing.of(replica.get(path, visitor)) for visitor in visitors * 10]

        assert {timing.queries for timing in seen} == {0}, path
        trips = Counter(timing.round_trips - 1 for timing in seen)  # the session's
        assert max(trips, key=trips.__getitem__) <= 3, (path, trips)


@contextmanager
def writing(replica: Replica, errors: list[BaseException]) -> Iterator[Callable[[], int]]:
    """Others publish all the time; returns how often they have."""
    stop, written = threading.Event(), Counter[int]()

    def write(number: int) -> None:
        try:
            visitor = replica.login(number)
            while not stop.is_set():
                publish(replica, visitor)
                written[number] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=[number]) for number in range(10, 10 + WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield written.total
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.parametrize("names", [ALONE, recommended()], ids="+".join)
def test_an_acknowledged_write_is_in_every_workers_fragment_while_others_write(
    replica: Replica, names: tuple[str, ...]
) -> None:
    replica.up(names)
    visitors = one_visitor_per_worker(replica)
    warm_fragments(replica, visitors[0])
    errors: list[BaseException] = []

    with writing(replica, errors) as written:
        wait_until(lambda: written() >= WRITERS or errors, 30, "others write")
        for number in range(ROUNDS):
            text = publish(replica, visitors[number % len(visitors)])
            assert missing(replica, visitors * 2, PERSON, text) == []
        assert written() > WRITERS

    assert errors == []


def test_a_name_that_changes_is_on_the_pages_of_everybody(replica: Replica) -> None:
    replica.up(recommended())
    visitors = one_visitor_per_worker(replica)
    other = replica.login(1)
    name = f"Aaron {uuid.uuid4()}"
    warm(replica, visitors, PEOPLE)

    rows = "from campus.models import Profile; Profile.objects.filter(user__username='{}')"
    manage(replica, "shell", "-c", f"{rows.format(STUDENT)}.update(name='{name}')")

    assert missing(replica, [*visitors, other], f"{PEOPLE}?q=Aaron", name) == []


class Memcached:
    """The replica's, past every library of the site's."""

    def __init__(self, replica: Replica) -> None:
        self.address = replica.service_address("memcached", 11211)

    def fragments(self) -> list[str]:
        """The keys of all fragments."""
        listed = b""
        with socket.create_connection(self.address, timeout=10) as connection:
            connection.sendall(b"lru_crawler metadump all\r\n")
            while not listed.endswith(b"END\r\n"):
                listed += connection.recv(65536)
        keys = re.findall(r"^key=(\S+)", listed.decode(), re.MULTILINE)
        return [key for key in map(unquote, keys) if FRAGMENT.search(key)]

    def client(self) -> "closing[Client]":
        return closing(Client(self.address, timeout=10, no_delay=True))


def tampered(good: bytes, other: bytes) -> Iterator[bytes]:
    """Cut, changed, lengthened, swapped with another one's."""
    step = max(1, len(good) // 50)
    for at in range(0, len(good), step):
        yield good[:at]
        yield bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]])
    yield from (other, good + b"\0", good[:32] + other[32:], b"\0" * len(good))


def test_500_forged_fragments_change_no_page(replica: Replica) -> None:
    replica.up(ALONE, SLIPSTREAM_FRAGMENTS_COPIES_BYTES="0")  # each page asks for what is forged
    visitor = replica.login()
    warm_fragments(replica, visitor)
    paths = (PEOPLE, DASHBOARD, PERSON)
    expected = {path: page(replica, path, visitor) for path in paths}
    memcached = Memcached(replica)
    forged = 0

    with memcached.client() as client:
        good = client.get_many(memcached.fragments())
        assert len(good) >= len(paths)
        others = [*list(good.values())[1:], next(iter(good.values()))]
        rounds = zip(*map(tampered, good.values(), others), strict=False)
        for blobs in rounds:
            client.set_many(dict(zip(good, blobs, strict=True)), noreply=False)
            forged += len(blobs)
            for path in paths:
                assert page(replica, path, visitor) == expected[path]

    assert forged >= LEAST_FORGERIES
    assert replica.optimizations()["probes"]["fragment-cache"]["in_force"]
