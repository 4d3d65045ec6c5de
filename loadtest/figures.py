"""A cell's figures, from its windows' raw samples: rates, quantiles, counts per request, errors.

Comparisons between cells are in `model.py` and `comparisons.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from loadtest.quantiles import Quantile, quantile
from loadtest.samples import COUNTS, Samples

__all__ = ("PHASES", "QUANTILES", "Figures", "counts_per_request", "figures", "rate_of")

PHASES = ("mix", "one-query")
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`rates` by phase; quantiles (ms) and counts per request are of the mix, errors of both."""

    windows: int
    rates: Mapping[str, float]
    quantiles: Mapping[str, Quantile | None]
    counts: Mapping[str, float | None]
    errors: int
    requests: int
    pages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def figures(windows: Sequence[Mapping[str, Any]], mix: Sequence[Samples]) -> Figures:
    """`windows`: a cell's window records; `mix`: the raw samples of their mix phases."""
    phases = [window["phases"][name] for window in windows for name in PHASES]
    latencies = np.concatenate([one.latencies_ms for one in mix])
    return Figures(
        windows=len(windows),
        rates={name: rate_of([window["phases"][name] for window in windows]) for name in PHASES},
        quantiles={name: quantile(latencies, share) for name, share in QUANTILES.items()},
        counts=counts_per_request(mix),
        errors=sum(phase["errors"] for phase in phases),
        requests=sum(phase["requests"] for phase in phases),
        pages=_pages(mix),
    )


def counts_per_request(samples: Sequence[Samples]) -> dict[str, float | None]:
    """Means over good responses that carry the count; None where none does."""
    found: dict[str, float | None] = {}
    for column in COUNTS:
        values = np.concatenate([one.values(column) for one in samples])
        found[column] = float(values.mean()) if values.size else None
    return found


def rate_of(phases: Sequence[Mapping[str, Any]]) -> float:
    """Geometric mean over windows: the model's intervals are about this one, too."""
    rates = np.array([phase["requests_per_second"] for phase in phases])
    return float(np.exp(np.log(rates).mean())) if (rates > 0).all() else 0.0


def _pages(mix: Sequence[Samples]) -> dict[str, dict[str, Any]]:
    """Requests, median latency and queries by page: what the mix really consisted of."""
    names = sorted({name for one in mix for name in one.pages})
    return {name: _page(mix, name) for name in names}


def _page(mix: Sequence[Samples], name: str) -> dict[str, Any]:
    latencies, queries = [], []
    for one in mix:
        if name in one.pages:
            chosen = one.good & (one.columns["page"] == one.pages.index(name))
            latencies.append(one.columns["latency_s"][chosen] * 1000)
            queries.append(one.columns["queries"][chosen])
    timings, counted = np.concatenate(latencies), np.concatenate(queries)
    middle = quantile(timings, 0.5)
    known = counted[counted >= 0]
    return {
        "requests": int(timings.size),
        "p50_ms": middle.value if middle else None,
        "queries": float(known.mean()) if known.size else None,
    }
