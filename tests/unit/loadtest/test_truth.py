"""The proof before and after a window: which optimization it names, and when it is silent."""

from typing import Any

import pytest

from loadtest.cells import Cell, cells
from loadtest.errors import LabError, ReplicaError, TruthError
from loadtest.loopback import require_loopback
from loadtest.samples import COUNTS
from loadtest.truth import check_after, check_page, read_page
from tests.unit.loadtest.conftest import ROWS, FakeRow
from tests.unit.loadtest.site import NAMES, Site, serving

BASELINE, _AGAIN, ALPHA, BETA, BOTH = cells(ROWS)
_, _, CACHED = cells([FakeRow("gamma", "queries")])
_, _, RENDERED = cells([FakeRow("delta", "engine")])
UNTOUCHED: dict[str, float | None] = {
    "connections": 1,
    "compiled": 2,
    "queries": 1,
    "round_trips": 0,
    "jinja2": 0,
}
"""What a response of the baseline says, per request."""


def page(active: tuple[str, ...], claims: tuple[str, ...] | None = None) -> dict[str, Any]:
    return Site(active=active, claims=claims).proof()


@pytest.mark.parametrize("cell", [BASELINE, ALPHA, BETA, BOTH], ids=lambda cell: cell.name)
def test_cell_that_does_what_its_set_says_passes(cell: Cell) -> None:
    check_page(cell, NAMES, page(cell.active))


@pytest.mark.parametrize(
    ("cell", "claims", "said"),
    [
        (ALPHA, (), "'alpha' is not in force although it is on"),
        (BASELINE, ("beta",), "'beta' is in force although it is off"),
        (BOTH, ("alpha",), "'beta' is not in force although it is on"),
        (BETA, ("alpha",), "'beta' is not in force although it is on"),
    ],
)
def test_false_claim_is_refused_naming_optimization_and_evidence(
    cell: Cell, claims: tuple[str, ...], said: str
) -> None:
    with pytest.raises(TruthError, match=said) as caught:
        check_page(cell, NAMES, page(cell.active, claims))
    assert '{"seen": 1}' in str(caught.value)


def test_other_set_than_the_cells_is_refused() -> None:
    with pytest.raises(TruthError, match=r"reports \['beta'\] as active instead of \['alpha'\]"):
        check_page(ALPHA, NAMES, page(("beta",)))


def test_optimization_without_a_probe_is_refused() -> None:
    with pytest.raises(TruthError, match="no probe for 'gamma'"):
        check_page(ALPHA, (*NAMES, "gamma"), page(("alpha",)))


@pytest.mark.parametrize(
    ("cell", "counts", "said"),
    [
        (ALPHA, {"connections": 1.0}, "'alpha' is not in force"),
        (BASELINE, {"connections": 0.0}, "'connections' is in force although"),
        (BETA, {"connections": 1.0, "compiled": 3.0}, "'beta' is not in force"),
        (BASELINE, {"connections": 1.0, "compiled": 0.0}, "'templates' is in force"),
        (RENDERED, {"jinja2": 0.0}, "'delta' is not in force"),
        (BASELINE, {"jinja2": 0.9}, "'engine' is in force although"),
    ],
)
def test_responses_that_contradict_the_set_are_refused(
    cell: Cell, counts: dict[str, float | None], said: str
) -> None:
    with pytest.raises(TruthError, match=said):
        check_after(cell, "mix", UNTOUCHED | counts, 100)


@pytest.mark.parametrize(
    ("cell", "counts"),
    [
        (BASELINE, {"connections": 1.0, "compiled": 2.0}),
        (BOTH, {"connections": 0.0, "compiled": 0.0}),
    ],
)
def test_responses_that_fit_the_set_pass(cell: Cell, counts: dict[str, float | None]) -> None:
    check_after(cell, "mix", UNTOUCHED | counts, 100)


def test_responses_that_say_nothing_of_what_they_cost_are_refused() -> None:
    with pytest.raises(
        TruthError, match=r"no response of mix says its compiled per request \(Server-Timing\)"
    ):
        check_after(BOTH, "mix", UNTOUCHED | {"connections": 0.0, "compiled": None}, 100)


def test_window_without_a_good_response_proves_nothing_and_stops_nothing() -> None:
    check_after(BOTH, "mix", dict.fromkeys(COUNTS), 0)


def test_first_connections_of_a_short_window_are_no_contradiction() -> None:
    check_after(ALPHA, "mix", UNTOUCHED | {"connections": 12 / 40}, 40)
    with pytest.raises(TruthError, match="'alpha' is not in force"):
        check_after(ALPHA, "mix", UNTOUCHED | {"connections": 1.0}, 40)


@pytest.mark.parametrize(
    ("cell", "queries", "said"),
    [(CACHED, 1.0, "'gamma' is not in force"), (BASELINE, 0.0, "'queries' is in force although")],
    ids=lambda value: getattr(value, "name", None),
)
def test_queries_of_the_one_query_page_prove_a_query_cache(
    cell: Cell, queries: float, said: str
) -> None:
    with pytest.raises(TruthError, match=said):
        check_after(cell, "one-query", UNTOUCHED | {"queries": queries}, 100)


def test_who_asks_nothing_opens_no_connection() -> None:
    check_after(CACHED, "one-query", UNTOUCHED | {"queries": 0.0, "connections": 0.0}, 100)


@pytest.mark.parametrize("round_trips", [0.0, 1.5])
def test_cache_that_most_reads_of_the_mix_go_past_is_refused(round_trips: float) -> None:
    with pytest.raises(TruthError, match="queries per cache round trip of mix"):
        check_after(CACHED, "mix", UNTOUCHED | {"queries": 3.3, "round_trips": round_trips}, 9)


def test_queries_of_the_mix_depend_on_what_is_written_and_prove_nothing() -> None:
    check_after(CACHED, "mix", UNTOUCHED | {"queries": 4.8, "round_trips": 7.6}, 100)
    check_after(CACHED, "one-query", UNTOUCHED | {"queries": 12 / 100}, 100)
    check_after(BASELINE, "one-query", UNTOUCHED, 100)


def test_page_that_is_not_the_replicas_is_refused() -> None:
    with serving(Site(broken=("/-/",))) as url, pytest.raises(ReplicaError, match="HTTP Error 500"):
        read_page(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "http://localhost:8000",
        "https://127.0.0.1:8000",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@example.org/",
        "http://user@127.0.0.1/",
        "http://127.0.0.2:8000",
        "http://[::1]:8000",
    ],
)
def test_no_other_host_is_ever_loaded(url: str) -> None:
    with pytest.raises(LabError, match="refusing to load"):
        require_loopback(url)
