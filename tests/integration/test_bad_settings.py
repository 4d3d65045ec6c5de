"""Bad settings: each stops `docker compose up` within ten seconds, with one line and its remedy."""

import time
from collections.abc import Iterator

import pytest

from .replica import Replica, stopped

SECONDS = 10
PROFILES = "COMPOSE_PROFILES"
BAD: list[tuple[dict[str, str], str]] = [
    ({PROFILES: "pgbuncer"}, "did you mean 'pgbouncer'?"),
    ({PROFILES: "redis-sessions,nonsense"}, "unknown profile 'nonsense'"),
    ({PROFILES: "redis_sessions"}, "did you mean 'redis-sessions'?"),
    ({PROFILES: "pgbouncer,connection-pool"}, "'connection-pool' and 'pgbouncer' exclude"),
    ({PROFILES: "pgbouncer,persistent-connections"}, "keep one of them"),
    ({PROFILES: "connection-pool,persistent-connections"}, "keep one of them"),
    ({"WEB_WORKERS": "two"}, "WEB_WORKERS='two' is not a whole number"),
    ({"WEB_WORKERS": "-1"}, "from 0 to 64"),
    ({"WEB_WORKERS": "1000"}, "out of range"),
    ({"WEB_THREADS": "1.5"}, "WEB_THREADS='1.5'"),
    ({"WEB_WORKERS": "20"}, "160 connections are more than the 92"),
    ({"WEB_WORKERS": "60", PROFILES: "pgbouncer"}, "PGBOUNCER_MAX_CLIENT_CONN=400"),
    ({"PGBOUNCER_DEFAULT_POOL_SIZE": "0"}, "PGBOUNCER_DEFAULT_POOL_SIZE='0'"),
    ({"PGBOUNCER_DEFAULT_POOL_SIZE": "99", PROFILES: "pgbouncer"}, "99 is more than the 92"),
    ({"PGBOUNCER_MAX_CLIENT_CONN": "many"}, "PGBOUNCER_MAX_CLIENT_CONN='many'"),
    ({"POSTGRES_MAX_CONNECTIONS": "5"}, "POSTGRES_MAX_CONNECTIONS='5'"),
    ({"SEED_USERS": "0"}, "SEED_USERS='0'"),
    ({"SLIPSTREAM_POOL_MAX_SIZE": "x"}, "SLIPSTREAM_POOL_MAX_SIZE='x'"),
    ({"SLIPSTREAM_POOL_MIN_SIZE": "9", PROFILES: "connection-pool"}, "MIN_SIZE=9 is above"),
    ({"WEB_THREADS": "9", PROFILES: "connection-pool"}, "WEB_THREADS=9 is above"),
]


@pytest.fixture(scope="module")
def cold() -> Iterator[Replica]:
    """A replica that never gets to run; its images are there, and its database is made.

    Compose lets Postgres make it, and migrate fill it, while profiles are checked.
    """
    made = Replica("slipstream-bad")
    stopped(made)
    try:
        made.compose("--profile", "*", "create")
        made.compose("up", seconds=120, **{PROFILES: "pgbouncer,connection-pool"})
        yield made
    finally:
        stopped(made)


@pytest.mark.parametrize(("environment", "remedy"), BAD, ids=[remedy for _, remedy in BAD])
def test_a_bad_setting_stops_up_with_its_remedy(
    cold: Replica, environment: dict[str, str], remedy: str
) -> None:
    start = time.monotonic()
    done = cold.compose("up", seconds=60, **environment)
    took = time.monotonic() - start

    lines = [line for line in done.stdout.splitlines() if "error: " in line]
    assert done.returncode != 0
    assert any(remedy in line for line in lines), done.stdout
    assert took < SECONDS


def test_there_are_twenty_of_them() -> None:
    assert len(BAD) >= 20
