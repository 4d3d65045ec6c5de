"""One test body over the table: what each optimization changes per request, seen from outside."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import geometric_mean

import psycopg
import pytest

from slipstream.optimizations import OPTIMIZATIONS
from tests.unit.campus.pages import PAGES

from .load import closed_loop
from .replica import Replica, Timing, wait_until

REQUESTS = 100
WARMING = 60
BASELINE = "baseline"
NAMES = [BASELINE, *(row.name for row in OPTIMIZATIONS)]
OWN_QUERIES = {page.path: page.queries for page in PAGES if page.login and page.status == 200}
PEOPLE = "/people/"


@dataclass(frozen=True)
class Expected:
    """Per request of the people page, warm.

    cache_logins: how many of the requests may make a connection to the cache, which is a round trip
    more: while a health check holds the one of their process, the page needs a second one.
    """

    login_queries: int = 2
    own_queries: int = OWN_QUERIES[PEOPLE]
    connections: int = 1
    compiled: bool = True
    round_trips: int = 0
    cache_logins: int = 0


EXPECTED = {
    BASELINE: Expected(),
    "redis-sessions": Expected(login_queries=1, round_trips=1, cache_logins=2),
    "persistent-connections": Expected(connections=0),
    "connection-pool": Expected(connections=0),
    "pgbouncer": Expected(connections=0),
    # The session's own query is never asked twice: it asks for the time.
    "query-cache": Expected(login_queries=1, own_queries=0, round_trips=4),
    "cached-templates": Expected(compiled=False),
    "shared-templates": Expected(compiled=False),
    "jinja2": Expected(compiled=False),
    "rust-templates": Expected(compiled=False),  # not by Django
    # The user's row and its generations, then the fragment with its own.
    "fragment-cache": Expected(own_queries=0, round_trips=2),
    "preload": Expected(),
}


def turned_on(replica: Replica, name: str) -> Replica:
    replica.up([] if name == BASELINE else [name])
    return replica


def database_sessions(replica: Replica) -> int:
    with replica.database() as connection:
        row = connection.execute(
            "SELECT sessions FROM pg_stat_database WHERE datname = 'campus'"
        ).fetchone()
        return int(row[0])


def test_every_row_of_the_table_has_its_expectation() -> None:
    assert list(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_a_request_costs(replica: Replica, name: str) -> None:
    expected = EXPECTED[name]
    queries = expected.login_queries + expected.own_queries
    turned_on(replica, name)
    session = replica.login()
    wait_until(
        lambda: Timing.of(replica.get(PEOPLE, session)).queries == queries, 20, f"{queries} queries"
    )
    for _ in range(WARMING):
        replica.get(PEOPLE, session)

    before, began = database_sessions(replica), time.monotonic()
    answers = [replica.get(PEOPLE, session) for _ in range(REQUESTS)]
    opened = database_sessions(replica) - before
    seconds = time.monotonic() - began

    assert {answer.status_code for answer in answers} == {200}
    seen = [Timing.of(answer) for answer in answers]
    assert {timing.queries for timing in seen} == {queries}
    more_round_trips = [timing.round_trips - expected.round_trips for timing in seen]
    assert min(more_round_trips) == 0
    assert sum(more_round_trips) <= expected.cache_logins
    assert all(timing.compiled > 0 for timing in seen) == expected.compiled
    assert any(timing.compiled > 0 for timing in seen) == expected.compiled
    assert sum(timing.connections for timing in seen) == pytest.approx(
        expected.connections * REQUESTS, abs=4
    )
    # Health checks connect too, web's and Postgres' own every two seconds, and so does this test.
    others = 25 + seconds
    assert expected.connections * REQUESTS <= opened <= expected.connections * REQUESTS + others


@pytest.mark.parametrize("path", sorted(path for path in OWN_QUERIES if "/person" not in path))
def test_redis_sessions_save_one_query_on_each_page(replica: Replica, path: str) -> None:
    turned_on(replica, BASELINE)
    without = Timing.of(replica.get(path, replica.login()))
    turned_on(replica, "redis-sessions")
    with_redis = Timing.of(replica.get(path, replica.login()))

    assert without.queries == 2 + OWN_QUERIES[path]
    assert with_redis.queries == without.queries - 1


CONNECTION_LEVELS = [row.name for row in OPTIMIZATIONS if row.factor == "connections"]


@pytest.mark.parametrize("name", CONNECTION_LEVELS)
def test_connections_that_stay_open_double_the_one_query_page(
    replica: Replica, name: str, record_property: Callable[[str, object], None]
) -> None:
    rates: dict[str, list[float]] = {BASELINE: [], name: []}
    for level in (BASELINE, name) * 3:
        turned_on(replica, level)
        rates[level].append(one_query_rate(replica))

    ratio = geometric_mean(rates[name]) / geometric_mean(rates[BASELINE])
    record_property("ratio", ratio)
    print(f"{name}: {ratio:.1f} times the baseline ({rates})")
    assert ratio >= 2


def one_query_rate(replica: Replica) -> float:
    page = replica.port, "/colleges/"
    closed_loop(page, threads=8, seconds=1)
    result = closed_loop(page, threads=8, seconds=3)
    assert not result.errors
    assert set(result.statuses) == {200}
    return result.rate


def backends_of_app(replica: Replica) -> int:
    with replica.database() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
        ).fetchone()
        return int(row[0])


@pytest.mark.parametrize(
    ("name", "setting", "most"),
    [
        ("pgbouncer", {"PGBOUNCER_DEFAULT_POOL_SIZE": "4"}, 4),
        ("connection-pool", {"SLIPSTREAM_POOL_MAX_SIZE": "3", "WEB_THREADS": "3"}, 6),
    ],
)
def test_backends_stay_within_the_pool_while_more_clients_work(
    replica: Replica, name: str, setting: dict[str, str], most: int
) -> None:
    replica.compose("stop", "pgbouncer", COMPOSE_PROFILES="pgbouncer")  # and its idle backends
    replica.up([name], **setting)
    seen: list[int] = []

    result = closed_loop(
        (replica.port, "/colleges/"),
        threads=17,
        seconds=5,
        watch=lambda: seen.append(backends_of_app(replica)),
    )

    replica.up([])
    assert not result.errors
    assert set(result.statuses) == {200}
    assert 0 < max(seen) <= most


def test_200_database_clients_share_a_pool_of_20_without_an_error(replica: Replica) -> None:
    replica.up(["pgbouncer"])
    host, port = replica.service_address("pgbouncer", 6432)
    password = replica.secret("postgres-app.password")
    together = threading.Barrier(200)

    def work() -> None:
        with psycopg.connect(
            host=host, port=port, user="app", password=password, dbname="campus", autocommit=True
        ) as connection:
            together.wait(timeout=60)
            for _ in range(5):
                connection.execute("SELECT pg_sleep(0.02)")

    seen: list[int] = []
    with ThreadPoolExecutor(max_workers=200) as pool:
        clients = [pool.submit(work) for _ in range(200)]
        while not all(client.done() for client in clients):
            seen.append(backends_of_app(replica))

    assert [client.exception() for client in clients if client.exception()] == []
    assert 0 < max(seen) <= 20


def test_200_clients_of_web_see_no_error(replica: Replica) -> None:
    replica.up(["pgbouncer", "redis-sessions", "cached-templates", "preload"])

    result = closed_loop((replica.port, "/colleges/"), threads=200, seconds=6)

    assert not result.errors
    assert set(result.statuses) == {200}
    assert result.requests > 200


def test_preload_shares_memory_between_workers(replica: Replica) -> None:
    replica.up(["preload"])
    evidence = replica.optimizations()["probes"]["preload"]["evidence"]
    assert evidence["loaded_by"] != evidence["process"]
    assert evidence["frozen_objects"] > 0


def test_a_toggle_reaches_every_worker(replica: Replica) -> None:
    replica.up(["cached-templates"])
    processes: set[int] = set()

    def both_workers_answered() -> bool:
        report = replica.optimizations()
        assert report["active"] == ["cached-templates"]
        assert report["probes"]["cached-templates"]["in_force"]
        processes.add(report["probes"]["preload"]["evidence"]["process"])
        return len(processes) > 1

    wait_until(both_workers_answered, 30, "both workers answered")
