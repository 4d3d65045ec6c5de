"""web's processes and threads, and the arithmetic that it refuses to boot on."""

import pytest

from replica.capacity import plan
from replica.errors import ReplicaError
from replica.settings import ReplicaSettings, read
from slipstream.optimizations import allowed_sets


@pytest.mark.parametrize("active", list(allowed_sets()), ids="+".join)
def test_the_defaults_fit_every_allowed_set(active: tuple[str, ...]) -> None:
    made = plan(ReplicaSettings(), active)
    assert (made.workers, made.threads) == (2, 8)


def test_little_memory_means_fewer_workers() -> None:
    assert plan(ReplicaSettings(web_cpus=4, web_memory_mb=400), ()).workers == 2


def test_threads_follow_a_smaller_pool() -> None:
    made = plan(ReplicaSettings(slipstream_pool_max_size=4), ("connection-pool",))
    assert made.threads == 4


IMPOSSIBLE = [
    ({"web_workers": 20}, (), "160 connections.*92"),
    ({"web_workers": 20}, ("persistent-connections",), "160 connections.*92"),
    ({"web_workers": 60}, ("pgbouncer",), "PGBOUNCER_MAX_CLIENT_CONN=400"),
    ({"pgbouncer_default_pool_size": 93}, ("pgbouncer",), "93 is more than the 92"),
    (
        {"pgbouncer_default_pool_size": 80, "pgbouncer_reserve_pool_size": 20},
        ("pgbouncer",),
        "= 100 is more than the 92",
    ),
    ({"web_threads": 9}, ("connection-pool",), "WEB_THREADS=9.*SLIPSTREAM_POOL_MAX_SIZE=8"),
    ({"web_workers": 12}, ("connection-pool",), "96 connections"),
    ({"slipstream_pool_min_size": 9}, ("connection-pool",), "MIN_SIZE=9"),
]


@pytest.mark.parametrize(("change", "active", "message"), IMPOSSIBLE)
def test_impossible_arithmetic_is_refused_with_the_figures(
    change: dict[str, int], active: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ReplicaError, match=message) as raised:
        plan(ReplicaSettings(**change), active)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WEB_WORKERS", "two"),
        ("WEB_WORKERS", "-1"),
        ("WEB_WORKERS", "65"),
        ("WEB_THREADS", "1.5"),
        ("WEB_PORT", "0"),
        ("WEB_PORT", "70000"),
        ("SEED_USERS", "0"),
        ("POSTGRES_MAX_CONNECTIONS", "5"),
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "0"),
        ("PGBOUNCER_MAX_CLIENT_CONN", "many"),
    ],
)
def test_a_bad_number_is_named_with_its_range(variable: str, value: str) -> None:
    with pytest.raises(ReplicaError, match=rf"{variable}='{value}'.*from \d+ to \d+"):
        read({variable: value})


def test_an_empty_variable_means_the_default() -> None:
    assert read({"WEB_WORKERS": ""}) == ReplicaSettings()
