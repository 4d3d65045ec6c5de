"""`report.html`: one self-contained page that says what a run found. Computes no figure of its own.

Its looks are in `report.html.j2`: no script, no file beside it, light and dark, for paper as well.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtest import atomic, latency_picture, latency_table, shares
from loadtest.axis import Scale, ticks
from loadtest.bars import bars
from loadtest.cells import AGAIN, BASELINE, RECOMMENDED, composed
from loadtest.comparisons import VERDICT_ALPHA
from loadtest.costs import columns
from loadtest.figures import PHASES
from loadtest.replica.distance import asked_for
from loadtest.review import stored
from loadtest.safety import show as safety
from loadtest.table import CAUSES, PERCENTILES, label, milliseconds, remarks

__all__ = ("write",)

HERE = Path(__file__).parent
TITLES = {"mix": "Mix of pages", "one-query": "One-query page"}
ELSEWHERE = ("resume", "keep", "results", "budget")
"""Settings that change nothing of what is measured."""
ADVICE = {"faster": "on", "slower": "off", "can't tell": "can't tell"}


class Axis(Scale):
    """Of ratios, over the whole width."""

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """The axis that holds 1 and all intervals."""
        ends = [row[end] or row["ratio"] for row in rows for end in ("low", "high")]
        return cls(low=min([0.8, *ends]) * 0.95, high=max([1.25, *ends]) * 1.05)

    @property
    def ticks(self) -> list[float]:
        """1 and those that are named beside it."""
        return ticks(self.low, self.high, parts=6)


def write(result: Mapping[str, Any], path: Path) -> None:
    """Write the page; nothing where nothing was compared."""
    compared = {
        name: row
        for name, row in result["table"].items()
        if all(row[phase]["ratio"] for phase in PHASES)
    }
    if not compared:
        return
    shown = shares.groups(result)
    served = [*latency_table.page(result), *latency_table.capacity(result)]
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    html = templates.get_template("report.html.j2").render(
        result=result,
        compared={name: row for name, row in compared.items() if not composed(name)},
        others={name: row for name, row in compared.items() if composed(name)},
        titles=TITLES,
        axes={phase: Axis.of([row[phase] for row in compared.values()]) for phase in PHASES},
        label=label,
        advice=_advice,
        verdict_percent=f"{VERDICT_ALPHA[result['settings']['mode']] * 100:g}",
        said=_said,
        last_offs=result.get("last_off", {}),
        waterfall={phase: bars(result, phase) for phase in PHASES},
        groups=shown,
        group_axes={
            one.id: Axis.of([row[phase] for row in one.rows.values() for phase in PHASES])
            for one in shown
        },
        review=result.get("review"),
        review_todos=stored.todos(result.get("review") or {}),
        percentiles=PERCENTILES,
        causes=CAUSES,
        remarks=[line for line in remarks(result) if line not in served],
        safety={"verdicts": {}} | result.get("safety", {}),
        safety_headings=safety.HEADINGS,
        safety_vouched=safety.vouched(result.get("safety", {}).get("verdicts", {})),
        evidence=safety.evidence,
        together=compared.get(RECOMMENDED),
        baseline=result["table"][BASELINE],
        again=AGAIN,
        distance=asked_for(result["settings"]),
        costs=columns.measured(result["table"]),
        cost_services=columns.services,
        cost_bars=columns.bars,
        p95_change=latency_table.change,
        milliseconds=milliseconds,
        spread_scale=latency_picture.spread,
        scatter=latency_picture.scatter(result),
        served=served,
        command=_command(result["settings"], result["seed"]),
    )
    atomic.write(path, lambda file: file.write(html.encode()))


def _command(settings: Mapping[str, Any], seed: int) -> str:
    """What measures the same again: the mode, the seed, and all that was set and matters for it."""
    names = [name for name in settings.get("given", ()) if name not in ("mode", "seed", *ELSEWHERE)]
    asked = {"mode": settings["mode"], "seed": seed} | {name: settings[name] for name in names}
    return " ".join(["make loadtest", *(f"{name.upper()}={_word(asked[name])}" for name in asked)])


def _word(value: Any) -> str:
    """A setting as make takes it."""
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:g}"
    return shlex.quote(str(int(value) if isinstance(value, bool) else value))


def _advice(row: Mapping[str, Any]) -> str:
    """`on` where a phase is faster and none slower, `off` the other way round."""
    found = {row[phase]["verdict"] for phase in PHASES} - {"can't tell"}
    return ADVICE[found.pop()] if len(found) == 1 else ADVICE["can't tell"]


def _said(phase: Mapping[str, Any]) -> str:
    """A ratio with its interval in words, as a screen reader says it."""
    if phase["low"] is None:
        return f"{phase['ratio']:.2f} times, without an interval"
    text = f"{phase['ratio']:.2f} times, between {phase['low']:.2f} and {phase['high']:.2f}"
    if phase["verdict"] == "can't tell":
        return f"can't tell, below {phase['below'] * 100:.0f} %: {text}"
    return f"{phase['verdict']}: {text}"
