"""Runs the probe of every row, active or not: what is reported can be compared with what was asked."""

import logging
from collections.abc import Callable
from typing import Any

from slipstream.config import Config
from slipstream.once import one_report
from slipstream.optimization import Evidence
from slipstream.optimizations import OPTIMIZATIONS, select
from slipstream.versions import versions

__all__ = ["report"]

logger = logging.getLogger(__name__)


def report(config: Config) -> dict[str, Any]:
    """Return the active set, versions, and per row whether it is in force with its evidence."""
    with one_report():
        probes = {row.name: _run(row.probe, config) for row in OPTIMIZATIONS}
    return {
        "active": list(select(config.active)),
        "versions": versions(),
        "probes": {
            name: {"in_force": seen.in_force, "evidence": dict(seen.evidence)}
            for name, seen in probes.items()
        },
    }


def _run(probe: Callable[[Config], Evidence], config: Config) -> Evidence:
    """A probe whose service is down shows nothing in force, and says why."""
    try:
        return probe(config)
    except Exception as error:
        logger.exception("a probe failed")
        return Evidence(in_force=False, evidence={"error": f"{type(error).__name__}: {error}"})
