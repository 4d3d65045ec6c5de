"""compose.yaml against the table of optimizations and the rules that every service keeps."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from replica.profiles import BESIDE
from slipstream.optimizations import OPTIMIZATIONS

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 2048
FILE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
WEB_MEMORY = "${WEB_MEMORY_MB:-640}m"


def mebibytes(limit: str) -> int:
    return 640 if limit == WEB_MEMORY else int(limit.removesuffix("m"))


def test_limits_of_all_services_together_stay_within_two_gigabytes() -> None:
    # Those for development come on top, and only there.
    used = [service for name, service in SERVICES.items() if name not in BESIDE.values()]
    assert sum(mebibytes(service["mem_limit"]) for service in used) <= MOST_BYTES


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["logging"]["options"]["max-size"]
    assert service["pids_limit"] > 0
    assert set(service.get("cap_add", [])) <= {"CHOWN", "DAC_OVERRIDE"}
    assert name == "secrets" or "cap_add" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


LONG_RUNNING = [n for n, service in SERVICES.items() if service["restart"] == "unless-stopped"]


@pytest.mark.parametrize("name", [name for name in LONG_RUNNING if name != "ready"])
def test_every_long_running_service_has_a_health_check_and_a_grace_period(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["stop_grace_period"]


@pytest.mark.parametrize("name", [row.name for row in OPTIMIZATIONS])
def test_every_optimization_has_a_profile_whose_marker_is_waited_for(name: str) -> None:
    marker = SERVICES[f"profile-{name}"]
    waited_for = SERVICES["check-profiles"]["depends_on"][f"profile-{name}"]

    assert marker["profiles"] == [name]
    assert marker["command"] == [f"/run/slipstream/profiles/requested/{name}"]
    assert waited_for == {"condition": "service_completed_successfully", "required": False}


def test_no_profile_is_without_an_optimization() -> None:
    profiles = {name for service in SERVICES.values() for name in service.get("profiles", [])}
    assert profiles == {row.name for row in OPTIMIZATIONS} | set(BESIDE)


def test_what_is_no_optimization_has_a_service_of_its_own_and_no_marker() -> None:
    for profile, service in BESIDE.items():
        with_it = [n for n, one in SERVICES.items() if profile in one.get("profiles", [])]
        assert with_it == [service]


def test_web_itself_has_no_profiling_tools() -> None:
    assert "SLIPSTREAM_PROFILING" not in SERVICES["web"]["environment"]
    assert SERVICES["web-profiling"]["environment"]["WEB_WORKERS"] == 1
    assert "target" not in SERVICES["web"]["build"]


@pytest.mark.parametrize("row", OPTIMIZATIONS, ids=lambda row: row.name)
def test_the_services_of_an_optimization_come_with_its_profile(row: Any) -> None:
    for service in row.services:
        assert row.name in SERVICES[service]["profiles"]
        assert SERVICES["activate"]["depends_on"][service]["condition"] == "service_healthy"


def test_web_and_postgres_depend_on_nothing_that_a_change_of_the_set_recreates() -> None:
    changing = {"check-settings", "check-profiles", "activate", "ready"} | {
        name for name, service in SERVICES.items() if "profiles" in service
    }
    for name in ("web", "postgres", "await-set", "migrate", "seed"):
        assert not changing & set(SERVICES[name].get("depends_on", {}))
