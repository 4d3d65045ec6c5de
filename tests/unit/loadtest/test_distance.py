"""A database farther away: what changes in the lab's model, and what is refused."""

import copy
from pathlib import Path
from typing import Any

import pytest

from loadtest import compare as comparing
from loadtest.errors import SettingsError, TruthError
from loadtest.replica.distance import LINK, Distance, apart, check
from loadtest.replica.project import budget_mib
from loadtest.settings import Settings

from .test_compare import AFTER, BEFORE, SETTINGS, compared, outcome, random
from .test_report import row
from .test_report_page import page, whole

__all__ = ["compared"]

WEB = {"CAMPUS_DB_HOST": "postgres", "CAMPUS_DB_NAME": "campus"}
HARDENED = {"image": "site", "read_only": True, "cap_drop": ["ALL"], "mem_limit": str(2**30)}
MODEL: dict[str, Any] = {
    "name": "slipstream-lab",
    "services": {
        "postgres": {"environment": {"A": "1"}, "mem_limit": str(2**28)},
        "migrate": {"environment": WEB, "restart": "no"},
        "pgbouncer": {"environment": {"POSTGRES_HOST": "postgres"}, "mem_limit": str(2**26)},
        "redis": {"mem_limit": str(2**26)},
        "web-baseline": HARDENED | {"environment": WEB, "depends_on": {"postgres": {}}},
        "web-pgbouncer": HARDENED
        | {"environment": WEB | {"SLIPSTREAM_PGBOUNCER_HOST": "pgbouncer"}},
    },
}


def services(wanted: Distance, cpuset: str = "0") -> dict[str, Any]:
    found: dict[str, Any] = apart(MODEL, wanted, cpuset)["services"]
    return found


def test_no_distance_changes_nothing() -> None:
    assert services(Distance()) == MODEL["services"]


def test_all_cells_and_the_pooler_reach_postgres_over_the_link() -> None:
    found = services(Distance(rtt_ms=25))
    assert found["web-baseline"]["environment"] == WEB | {"CAMPUS_DB_HOST": LINK}
    assert found["web-pgbouncer"]["environment"]["CAMPUS_DB_HOST"] == LINK
    assert found["pgbouncer"]["environment"] == {"POSTGRES_HOST": LINK}
    assert set(found["web-baseline"]["depends_on"]) == {"postgres", LINK}


def test_the_pooler_stays_beside_web_and_migrations_beside_postgres() -> None:
    found = services(Distance(rtt_ms=25))
    assert found["web-pgbouncer"]["environment"]["SLIPSTREAM_PGBOUNCER_HOST"] == "pgbouncer"
    assert found["migrate"] == MODEL["services"]["migrate"]
    assert found["redis"] == MODEL["services"]["redis"]


def test_the_link_takes_the_time_on_the_generators_core_and_is_hardened() -> None:
    link = services(Distance(rtt_ms=2.5), cpuset="0")[LINK]
    assert link["entrypoint"][-3:] == ["2.5", "postgres", "5432"]
    assert (link["cpuset"], link["read_only"], link["cap_drop"]) == ("0", True, ["ALL"])
    assert "cpuset" not in services(Distance(rtt_ms=2.5), cpuset="")[LINK]
    assert budget_mib(apart(MODEL, Distance(rtt_ms=1), "")) == budget_mib(MODEL) + 64


def test_tls_is_asked_of_postgres_alone() -> None:
    found = services(Distance(tls=True))
    assert found["postgres"]["environment"] == {"A": "1", "POSTGRES_TLS": "1"}
    del found["postgres"]
    assert found == {k: v for k, v in MODEL["services"].items() if k != "postgres"}


def test_the_given_model_is_left_alone() -> None:
    before = copy.deepcopy(MODEL)
    apart(MODEL, Distance(rtt_ms=25, tls=True), "0")
    assert before == MODEL


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (Distance(rtt_ms=24.9, tls=True), "DB_RTT_MS is 25.*has 24.9"),
        (Distance(rtt_ms=26, tls=False), "DB_TLS is True.*has False"),
    ],
)
def test_a_distance_that_is_not_there_is_refused(found: Distance, named: str) -> None:
    with pytest.raises(TruthError, match=named):
        check(Distance(rtt_ms=25, tls=True), found)


def test_a_distance_that_is_there_is_accepted_and_said() -> None:
    found = Distance(rtt_ms=26, tls=True, connect_ms=156)
    check(Distance(rtt_ms=25, tls=True), found)
    assert str(found) == "a new connection takes 156 ms, `SELECT 1` 26.0 ms, with TLS"


def test_settings_are_read_and_refused_by_name() -> None:
    given = Settings.parse({"db_rtt_ms": "2.5", "db_tls": "1"})
    assert (given.db_rtt_ms, given.db_tls) == (2.5, True)
    assert (Settings.parse({}).db_rtt_ms, Settings.parse({}).db_tls) == (0, False)
    for wrong in ("-1", "101", "nan", "far"):
        with pytest.raises(SettingsError, match="DB_RTT_MS"):
            Settings.parse({"db_rtt_ms": wrong})
    with pytest.raises(SettingsError, match="DB_TLS='maybe' is neither on nor off"):
        Settings.parse({"db_tls": "maybe"})


@pytest.mark.parametrize("there", [{"db_rtt_ms": 25.0, "db_tls": False}, {"db_tls": True}])
def test_runs_at_other_distances_are_not_compared(compared: Any, there: dict[str, Any]) -> None:
    rng = random.Random(1)
    near, far = outcome(BEFORE, rng), outcome(AFTER, rng) | {"settings": SETTINGS | there}
    with pytest.raises(SettingsError, match=next(iter(there))):
        compared(near, far)


def test_a_run_of_before_had_the_database_beside_it(compared: Any) -> None:
    rng = random.Random(1)
    here = {"db_rtt_ms": 0.0, "db_tls": False}
    old, new = outcome(BEFORE, rng), outcome(AFTER, rng) | {"settings": SETTINGS | here}
    assert isinstance(compared(old, new), comparing.Comparison)


def test_report_says_how_far_away_the_database_was(tmp_path: Path) -> None:
    far = whole(pool=row(1.2, 1.1, 1.3))
    assert "Database" not in page(tmp_path, far)[1].text
    far["settings"] |= {"db_rtt_ms": 2.5, "db_tls": True, "given": ["db_rtt_ms", "db_tls"]}
    text = page(tmp_path, far)[1].text
    assert "2.5 ms away, with TLS" in text
    assert "SEED=7 DB_RTT_MS=2.5 DB_TLS=1" in text
