"""Makes the lab's Compose model of the repository's: the same services, a web service per cell.

A pure function over the resolved model; `compose.py` gets that from Compose and runs the outcome.

The lab can't extend `web` in an override file: Compose merges lists, so the cells would keep the
port of the user's replica and the wait for the marker services.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.cells import Cell
from loadtest.errors import ReplicaError

__all__ = ("FIXED_SERVICES", "budget_mib", "lab_model")

FIXED_SERVICES = ("secrets", "postgres", "migrate", "seed")
"""What every cell needs; more come with its optimizations."""
SITE_PORT = 8000
DONE, HEALTHY = "service_completed_successfully", "service_healthy"
UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def lab_model(
    model: Mapping[str, Any],
    project: str,
    cells: Sequence[Cell],
    ports: Mapping[str, int],
    cpuset: str,
) -> dict[str, Any]:
    """The project's model: what the cells need, each cell on its own port of 127.0.0.1."""
    services = model["services"]
    needed = dict.fromkeys((*FIXED_SERVICES, *(one for cell in cells for one in cell.services)))
    for name in ("web", *needed):
        if name not in services:
            raise ReplicaError(f"compose.yaml has no service {name!r}, which the lab needs")
    lab = {name: _pinned(_shared(services[name], needed), cpuset) for name in needed}
    for cell in cells:
        lab[cell.service] = _pinned(_web(services, cell, ports[cell.name]), cpuset)
    return {
        "name": project,
        "services": lab,
        "networks": _without_names(model.get("networks", {})),
        "volumes": _without_names(model.get("volumes", {})),
    }


def _shared(service: Mapping[str, Any], needed: Mapping[str, None]) -> dict[str, Any]:
    """A service without what belongs to the user's replica: profile, ports, image to be built."""
    own = copy.deepcopy(
        {k: v for k, v in service.items() if k not in ("profiles", "ports", "build")}
    )
    depends = own.get("depends_on", {})
    own["depends_on"] = {name: how for name, how in depends.items() if name in needed}
    return own


def _web(services: Mapping[str, Any], cell: Cell, port: int) -> dict[str, Any]:
    own = _shared(services["web"], {})
    own["environment"] = own.get("environment", {}) | {"SLIPSTREAM_ACTIVE": ",".join(cell.active)}
    own["ports"] = [
        {"host_ip": "127.0.0.1", "target": SITE_PORT, "published": str(port), "protocol": "tcp"}
    ]
    needs = dict.fromkeys((*FIXED_SERVICES, *cell.services))
    own["depends_on"] = {name: _condition(services[name]) for name in needs}
    # Health checks of idle cells would take time from the one that works; the lab asks by itself.
    own["healthcheck"] = {"disable": True}
    return own


def _condition(service: Mapping[str, Any]) -> dict[str, Any]:
    return {"condition": HEALTHY if service.get("healthcheck") else DONE, "required": True}


def _pinned(service: dict[str, Any], cpuset: str) -> dict[str, Any]:
    return service | {"cpuset": cpuset} if cpuset else service


def _without_names(section: Mapping[str, Any]) -> dict[str, Any]:
    """Compose has put the user's project into these names: the lab gets its own."""
    return {name: _anonymous(content) for name, content in section.items()}


def _anonymous(content: Mapping[str, Any] | None) -> dict[str, Any]:
    found = dict(content or {})
    if not found.get("external"):
        found.pop("name", None)
    return found


def budget_mib(model: Mapping[str, Any]) -> int:
    """Sum of the memory limits of all that runs at once. A service without a limit is refused.

    Services behind a profile are started by name, one after the other.
    """
    lasting = {name: one for name, one in model["services"].items() if one.get("restart") != "no"}
    total, one_at_a_time = 0, 0
    for name, service in lasting.items():
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        limit = limits.get("memory") or service.get("mem_limit")
        if not limit:
            raise ReplicaError(
                f"service {name!r} has no memory limit: the lab can't state its budget"
            )
        if service.get("profiles"):
            one_at_a_time = max(one_at_a_time, _bytes(str(limit)))
        else:
            total += _bytes(str(limit))
    return (total + one_at_a_time) // 2**20


def _bytes(text: str) -> int:
    unit = UNITS.get(text.rstrip("bB")[-1:].lower(), 1)
    return int(float(text.rstrip("bBkKmMgG")) * unit)
