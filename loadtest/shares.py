"""What a result says of shares, pairs, levels and the story: rows and sentences. Computes nothing.

The table in the terminal and the report show the same; what the figures mean is in `attribution.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtest.cells import Cell, steps
from loadtest.figures import PHASES

__all__ = ("Group", "groups", "remarks")

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """`rows`: by name and phase, as last-offs are."""

    id: str
    title: str
    caption: str
    first: str
    rows: Rows


def groups(result: Mapping[str, Any]) -> list[Group]:
    """Return what there is to show; nothing where a phase tells nothing."""
    found = result.get("attribution") or {}
    if not all(found.get(phase) for phase in PHASES):
        return []
    pairs = {
        f"{row['first']} + {row['second']}": {
            phase: found[phase]["pairs"][place] for phase in PHASES
        }
        for place, row in enumerate(found[PHASES[0]]["pairs"])
    }
    made = [
        Group(
            id="shares",
            title="Whose the gain is: shares of all recommended ones together",
            caption="Shapley shares: each one's own effect and half of each pair's that it is in. "
            "Their product is what the pair model says of all together.",
            first="optimization",
            rows=_both(found, "shares"),
        ),
        Group(
            id="pairs",
            title="Pairs: what two give together beyond one by one",
            caption="Above 1 two work for each other, below 1 against each other.",
            first="pair",
            rows=pairs,
        ),
        Group(
            id="levels",
            title="Other choices, to the recommended one of the same factor",
            caption="In otherwise equal sets.",
            first="optimization",
            rows=_both(found, "levels"),
        ),
        Group(
            id="on-top",
            title="On top of all recommended ones",
            caption="Factors in which none is recommended.",
            first="optimization",
            rows=_both(found, "on_top"),
        ),
    ]
    return [group for group in made if group.rows]


def _both(found: Mapping[str, Any], kind: str) -> Rows:
    return {
        name: {phase: found[phase][kind][name] for phase in PHASES} for name in found["mix"][kind]
    }


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Return the sentences to read them by, or what keeps them from being there."""
    return [*_totals(result), *_pairs(result), *_missing(result)]


def _totals(result: Mapping[str, Any]) -> Iterator[str]:
    for phase, found in (result.get("attribution") or {}).items():
        if not found:
            continue
        beyond = found["misfit"]
        if beyond and beyond["factor"] > 1:
            fact = f"sets differ in more than pairs explain ({phase}, p = {beyond['p']:.2g})"
            yield f"{fact}: errors of shares and pairs are {beyond['factor']:.1f} times as large for it"
        total, rest = found["total"], found["residual"]
        said = (
            f"shares ({phase}): their product is {total['ratio']:.2f}; measured of all together is"
        )
        if rest["low"] is None:
            yield f"{said} {rest['ratio']:.2f} times that"
            continue
        ends = f"{rest['ratio']:.2f} [{rest['low']:.2f}, {rest['high']:.2f}] times that"
        yield f"{said} {ends}"


def _pairs(result: Mapping[str, Any]) -> Iterator[str]:
    """Name the pairs that work for or against each other, of those taken together (Holm)."""
    words = {"faster": "for", "slower": "against"}
    for phase, found in (result.get("attribution") or {}).items():
        told = [row for row in (found or {}).get("pairs", ()) if row["verdict"] in words]
        for row in told:
            two = f"{row['first']} and {row['second']}"
            times = f"{row['ratio']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
            yield f"{two} work {words[row['verdict']]} each other ({phase}): {times} times together"
        if found and not told:
            open_ends = [row["below"] for row in found["pairs"] if row["below"] is not None]
            below = f", below {max(open_ends) * 100:.0f} %" if open_ends else ""
            yield f"pairs ({phase}): of none can be told whether two help or hinder each other{below}"


def _missing(result: Mapping[str, Any]) -> Iterator[str]:
    """Say why there is no waterfall, or are no shares, of a run that could have them."""
    cells = [Cell.of(cell) for cell in result.get("cells", ())]
    order = steps(cells)
    if order and not result.get("story"):
        lacking = [factor for factor, name in order if name is None]
        yield (
            f"no waterfall: the step {' and '.join(map(repr, lacking))} was not measured: MODE=full does"
            if lacking
            else "no waterfall yet: a step has no window that counts"
        )
    if order and not groups(result):
        yield "no shares or pairs: these sets don't tell them apart: MODE=full measures those that do"
