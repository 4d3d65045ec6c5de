"""What the services' statistics grew by over a window, against what a cell's set promises."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from loadtest.cells import BASELINE, Cell, cells, table
from loadtest.errors import TruthError
from loadtest.growth import Growth
from loadtest.paths import ROOT
from loadtest.proofs import RESPONSES, SERVICES, OfServices, Range
from loadtest.truth import check_services
from slipstream.optimizations import FACTORS

ROWS = table()
NAMES = [row.name for row in ROWS]
CELLS = {cell.name: cell for cell in cells(ROWS)}
LEVELS = [row.name for row in ROWS if row.factor == "connections"]

# What each figure grows by while its optimization is off and while it is on, in a window of 200
# requests, the mix's half, that ask for 800 queries.
SESSIONS = "pg_stat_database_sessions"
GROWS: dict[tuple[str, str], tuple[float | None, float]] = {
    ("redis-sessions", "queries_of_session_table"): (130, 3),
    ("redis-sessions", "reads_in_redis"): (None, 130),
    **{(level, SESSIONS): (230, 12) for level in LEVELS},
    ("pgbouncer", "pgbouncer_transactions"): (None, 900),
    ("query-cache", "hits"): (None, 300),
    ("query-cache", "misses"): (None, 150),
    ("query-cache", "bypasses"): (None, 20),
    ("query-cache", "keys_found_by_server"): (None, 1500),
    ("fragment-cache", "hits"): (None, 60),
    ("fragment-cache", "misses"): (None, 50),
    ("fragment-cache", "bypasses"): (None, 5),
    # These don't grow; the pages begin with 1000 of each.
    ("preload", "anonymous_bytes"): (0, 0),
    ("preload", "anonymous_share_bytes"): (-50, -500),
}


def evidence(figures: Mapping[tuple[str, str], float | None]) -> dict[str, Any]:
    page: dict[str, Any] = {name: {"in_force": True, "evidence": {}} for name in NAMES}
    for (optimization, figure), value in figures.items():
        page[optimization]["evidence"][figure] = value
    return page


def grown(cell: Cell, **changed: float | None) -> Growth:
    """What a cell that does what it says sees; `changed`: figures that grew by something else."""
    kept = "connections" in cell.factors  # whichever level does it, all three see it
    grew = {
        (name, figure): changed.get(figure, on if kept and figure == SESSIONS else off)
        for (name, figure), (off, on) in GROWS.items()
    } | {
        (name, figure): changed.get(figure, on)
        for (name, figure), (_, on) in GROWS.items()
        if name in cell.active
    }
    return Growth(
        before=evidence({key: None if value is None else 1000 for key, value in grew.items()}),
        after=evidence(
            {key: None if value is None else 1000 + value for key, value in grew.items()}
        ),
        requests={"mix": 100, "one-query": 100},
        queries=800,
    )


def test_every_optimization_of_the_table_has_a_proof_beside_its_probe() -> None:
    factors = {proof.factor for proof in RESPONSES}
    names = {proof.optimization for proof in SERVICES}
    assert [row.name for row in ROWS if row.factor not in factors and row.name not in names] == []


def test_every_factor_of_the_table_has_a_proof_that_it_is_off() -> None:
    proven = {proof.factor for proof in (*RESPONSES, *SERVICES) if proof.off != Range()}
    assert {factor.name for factor in FACTORS} == proven


def test_proofs_name_optimizations_and_factors_that_exist() -> None:
    factors = {row.name: row.factor for row in ROWS}
    assert all(factors[proof.optimization] == proof.factor for proof in SERVICES)
    assert {proof.factor for proof in RESPONSES} <= set(factors.values())


@pytest.mark.parametrize("proof", SERVICES, ids=lambda proof: proof.seen)
def test_readme_says_what_is_seen_of_each_factor(proof: OfServices) -> None:
    lines = (ROOT / "loadtest" / "README.md").read_text().splitlines()
    row = next(line for line in lines if line.startswith(f"| {proof.factor} |"))
    assert proof.seen in row


@pytest.mark.parametrize("name", CELLS)
def test_cell_whose_services_saw_what_it_says_passes(name: str) -> None:
    check_services(CELLS[name], NAMES, grown(CELLS[name]))


@pytest.mark.parametrize(
    ("cell", "changed", "named", "seen"),
    [
        ("redis-sessions", {"queries_of_session_table": 130}, "'redis-sessions'", "statements on"),
        ("redis-sessions", {"reads_in_redis": 2}, "'redis-sessions'", "from Redis"),
        ("redis-sessions", {"reads_in_redis": None}, "'redis-sessions'", "from Redis"),
        (BASELINE, {"queries_of_session_table": 4}, "'sessions'", "statements on"),
        *((level, {SESSIONS: 230}, f"'{level}'", "Postgres began") for level in LEVELS),
        (BASELINE, {SESSIONS: 12}, "'connections'", "Postgres began"),
        ("pgbouncer", {"pgbouncer_transactions": 9}, "'pgbouncer'", "transactions through"),
        ("query-cache", {"hits": 30, "bypasses": 500}, "'query-cache'", "hit ratio"),
        ("query-cache", {"hits": 0}, "'query-cache'", "hit ratio"),
        ("query-cache", {"keys_found_by_server": 20}, "'query-cache'", "memcached"),
        ("query-cache", {"keys_found_by_server": None}, "'query-cache'", "memcached"),
        ("fragment-cache", {"hits": 0, "bypasses": 99}, "'fragment-cache'", "fragments"),
        (BASELINE, {"hits": 3, "misses": 4, "bypasses": 0}, "'pages'", "fragments"),
        ("preload", {"anonymous_share_bytes": -50}, "'preload'", "has for itself"),
        (BASELINE, {"anonymous_share_bytes": -500}, "'processes'", "has for itself"),
    ],
)
def test_services_that_contradict_the_set_are_named_with_what_they_saw(
    cell: str, changed: dict[str, float | None], named: str, seen: str
) -> None:
    with pytest.raises(TruthError, match=seen) as refused:
        check_services(CELLS[cell], NAMES, grown(CELLS[cell], **changed))
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_the_probes_themselves_send_through_the_pooler_proves_nothing() -> None:
    cell = CELLS["pgbouncer"]
    check_services(cell, NAMES, grown(cell, pgbouncer_transactions=200))
    with pytest.raises(TruthError, match="'pgbouncer' is not in force"):
        check_services(cell, NAMES, grown(cell, pgbouncer_transactions=130))


def test_connections_are_no_proof_of_one_that_a_query_cache_spares() -> None:
    check_services(CELLS["query-cache"], NAMES, grown(CELLS["query-cache"], **{SESSIONS: 30}))


def test_counter_that_began_anew_counts_from_zero() -> None:
    cell = CELLS["redis-sessions"]
    seen = grown(cell)
    after = copy.deepcopy(dict(seen.after))
    after["redis-sessions"]["evidence"]["reads_in_redis"] = 130
    check_services(cell, NAMES, replace(seen, after=after))


def test_window_without_a_good_response_stops_nothing() -> None:
    cell = CELLS["redis-sessions"]
    seen = grown(cell, reads_in_redis=0)
    check_services(cell, NAMES, replace(seen, requests={"mix": 0, "one-query": 3}))
