"""The lab's Compose model: made of the repository's, apart from the user's replica."""

import copy
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from loadtest.cells import cells
from loadtest.errors import ReplicaError
from loadtest.replica import memory
from loadtest.replica.compose import Compose
from loadtest.replica.lab import Replica, free_ports
from loadtest.replica.project import budget_mib, lab_model
from tests.unit.loadtest.conftest import ROWS, FakeRow

CELLS = cells(ROWS)
PORTS = {cell.name: 9001 + number for number, cell in enumerate(CELLS)}
LIMIT = {"restart": "unless-stopped", "mem_limit": str(64 * 2**20)}
ONCE = {"restart": "no", "mem_limit": str(32 * 2**20)}
MODEL: dict[str, Any] = {
    "name": "slipstream",
    "services": {
        "web": LIMIT
        | {
            "image": "site",
            "build": {"context": "/x"},
            "ports": [{"published": "8000", "target": 8000}],
            "environment": {"A": "1"},
            "healthcheck": {"test": ["CMD", "x"]},
            "depends_on": {"profiles": {"condition": "service_completed_successfully"}},
        },
        "profiles": ONCE | {"image": "site"},
        "secrets": ONCE | {"image": "secrets"},
        "migrate": ONCE | {"depends_on": {"postgres": {}, "profiles": {}}},
        "seed": ONCE | {"image": "site"},
        "postgres": LIMIT | {"healthcheck": {"test": []}, "build": {"context": "/y"}},
        "pooler": LIMIT | {"profiles": ["alpha"], "healthcheck": {"test": []}},
        "unused": LIMIT | {"image": "unused"},
    },
    "volumes": {
        "postgres": {"name": "slipstream_postgres"},
        "theirs": {"external": True, "name": "n"},
    },
    "networks": {"default": {"name": "slipstream_default"}},
}


def lab(cpuset: str = "1") -> dict[str, Any]:
    return lab_model(copy.deepcopy(MODEL), "slipstream-lab", CELLS, PORTS, cpuset)


def test_each_cell_is_a_web_service_with_its_own_port_and_set() -> None:
    services = lab()["services"]
    for cell in CELLS:
        own = services[f"web-{cell.name}"]
        assert own["environment"] == {"A": "1", "SLIPSTREAM_ACTIVE": ",".join(cell.active)}
        published = [(one["host_ip"], one["published"]) for one in own["ports"]]
        assert published == [("127.0.0.1", str(PORTS[cell.name]))]


def test_only_needed_services_are_there_and_neither_the_users_web_nor_markers() -> None:
    webs = {f"web-{cell.name}" for cell in CELLS}
    assert set(lab()["services"]) == {"secrets", "postgres", "migrate", "seed", "pooler"} | webs


def test_cells_wait_for_what_their_set_needs() -> None:
    services = lab()["services"]
    conditions = {
        name: {on: how["condition"] for on, how in services[name]["depends_on"].items()}
        for name in ("web-baseline", "web-alpha")
    }
    assert conditions["web-alpha"].pop("pooler") == "service_healthy"
    assert conditions["web-alpha"] == conditions["web-baseline"]
    assert conditions["web-baseline"]["seed"] == "service_completed_successfully"
    assert conditions["web-baseline"]["postgres"] == "service_healthy"


def test_nothing_of_the_users_project_is_touched() -> None:
    found = lab()
    assert found["name"] == "slipstream-lab"
    assert found["volumes"] == {"postgres": {}, "theirs": {"external": True, "name": "n"}}
    assert found["networks"] == {"default": {}}
    assert '8000"' not in json.dumps([one.get("ports") for one in found["services"].values()])
    assert all("build" not in one and "profiles" not in one for one in found["services"].values())
    assert "depends_on" in found["services"]["migrate"]
    assert found["services"]["migrate"]["depends_on"] == {"postgres": {}}


@pytest.mark.parametrize("cpuset", ["1", ""])
def test_services_are_pinned_where_there_are_cores_for_it(cpuset: str) -> None:
    found = {one.get("cpuset") for one in lab(cpuset)["services"].values()}
    assert found == {cpuset or None}


def test_idle_cells_run_no_health_checks() -> None:
    services = lab()["services"]
    assert services["web-beta"]["healthcheck"] == {"disable": True}
    assert services["postgres"]["healthcheck"] == {"test": []}


def test_missing_service_is_named() -> None:
    model = copy.deepcopy(MODEL)
    del model["services"]["pooler"]
    with pytest.raises(ReplicaError, match="no service 'pooler'"):
        lab_model(model, "slipstream-lab", CELLS, PORTS, "")


def test_budget_is_the_sum_of_what_runs_at_once() -> None:
    assert budget_mib(lab()) == 64 * (len(CELLS) + 2)


def test_service_without_a_limit_is_refused() -> None:
    model = lab()
    del model["services"]["web-beta"]["mem_limit"]
    with pytest.raises(ReplicaError, match="'web-beta' has no memory limit"):
        budget_mib(model)


def test_memory_is_refused_before_anything_starts(tmp_path: Any) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9999999 kB\nMemAvailable: 2048000 kB\n")
    assert "2000 MiB free" in memory.budget(2000, meminfo)
    with pytest.raises(ReplicaError, match="may take 2001 MiB, but only 2000 MiB are free"):
        memory.budget(2001, meminfo)


def test_ports_are_free_and_different() -> None:
    assert len(set(free_ports([cell.name for cell in CELLS]).values())) == len(CELLS)


@dataclass(frozen=True, kw_only=True)
class Recorded(Compose):
    """Compose that keeps its commands instead of running them."""

    commands: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *arguments: str, timeout_seconds: float = 600) -> str:  # noqa: ARG002
        self.commands.append(arguments)
        return ""


def test_caches_are_emptied_in_the_cells_own_container_and_only_where_there_is_one() -> None:
    compose = Recorded(project="slipstream-lab")
    replica = Replica(compose=compose, urls={}, memory_mib=0)
    baseline, _again, cached = cells([FakeRow("query-cache", "queries")])

    assert replica.empty(baseline) == []
    assert compose.commands == []
    assert replica.empty(cached) == ["queries"]
    command = ("python", "manage.py", "querycache", "clear")
    assert compose.commands == [("exec", "-T", "web-query-cache", *command)]
