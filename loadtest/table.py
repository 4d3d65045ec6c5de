"""The table of a result in the terminal, and the sentences under it. Computes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtest import shares
from loadtest.cells import AGAIN, BASELINE, PLUS, STEP, WITHOUT
from loadtest.costs import columns as costs
from loadtest.figures import PHASES
from loadtest.model import POWER
from loadtest.safety import show as safety

__all__ = ("label", "plain_interval", "show")

Row = Mapping[str, Any]
LABELS = {
    BASELINE: "baseline",
    AGAIN: "baseline again (A/A)",
    "cached-templates": "cached-templates *",
    "recommended": "all recommended",
}
STYLES = {"faster": "green", "slower": "red", "can't tell": "yellow"}
LAST_OFFS = "What each gives beside the others: all to all but this one"
STEPS = "One after the other: what each step adds to the one before"
NOISY = 0.15
DEFAULT = "Django's own default; the baseline compiles at every render"
WIDE = 160
PERCENTILES = ("p50", "p95", "p99")
CAUSES = {"queries": "queries", "connections": "connections", "compiled": "compiled"}


@dataclass(frozen=True)
class Group:
    """Columns that belong together; on a narrow terminal each group is a table of its own."""

    title: str
    headings: tuple[str, ...]
    cells: Callable[[Row], list[str]]


def rate_group(phase: str, title: str) -> Group:
    def cells(row: Row) -> list[str]:
        return [f"{row[phase]['rate']:.1f}", interval(row[phase]), verdict(row[phase])]

    return Group(f"{title}: requests/s", ("req/s", "ratio \\[95 %]", "verdict"), cells)


def latency_cells(row: Row) -> list[str]:
    return [quantile(row[level]) for level in PERCENTILES]


def cause_cells(row: Row) -> list[str]:
    return [*(count(row[column]) for column in CAUSES), f"{row['errors']} of {row['requests']}"]


RATES = (rate_group("mix", "Mix of pages"), rate_group("one-query", "One-query page"))
CAUSES_GROUPS = (
    Group("Latency of the mix at saturation, ms (ratio)", PERCENTILES, latency_cells),
    Group("Per request of the mix (ratio)", (*CAUSES.values(), "errors"), cause_cells),
)
COSTS = (Group(costs.TITLE, costs.HEADINGS, costs.cells),)


def show(result: Mapping[str, Any], console: Console) -> None:
    """The tables, then what has to be known to read them."""
    if not result["table"]:
        console.print(f"run {result['run']}: no window is finished yet")
    else:
        known = (COSTS,) if costs.measured(result["table"]) else ()
        for groups in (RATES, CAUSES_GROUPS, *known):
            for together in [groups] if console.width >= WIDE else [[one] for one in groups]:
                console.print(_table(result["table"], together))
        for table in _further(result):
            console.print(table)
    safety.show(result, console)
    for line in [*remarks(result), *safety.remarks(result)]:
        console.print(Text(line))


def _further(result: Mapping[str, Any]) -> Iterator[Table]:
    """The tables that a run may have beside those of every cell."""
    from loadtest import latency_table  # noqa: PLC0415 - it uses the words of this one

    if result.get("latency"):
        yield latency_table.table(result["latency"])
    if result.get("last_off"):
        yield _effects(LAST_OFFS, result["last_off"])
    if result.get("story"):
        yield _effects(STEPS, {step["factor"]: step for step in result["story"]})
    for group in shares.groups(result):
        yield _effects(group.title, group.rows)


def label(cell: str) -> str:
    for prefix, words in ((WITHOUT, "all but"), (STEP, "all up to")):
        if cell.startswith(prefix):
            return f"{words} {cell.removeprefix(prefix)}"
    if PLUS in cell:
        return " + ".join(LABELS.get(part, part).rstrip(" *") for part in cell.split(PLUS))
    return LABELS.get(cell, cell)


def _effects(title: str, rows: Mapping[str, Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title)
    table.add_column("optimization", no_wrap=True)
    for phase in PHASES:
        for heading in (f"{phase}: ratio \\[95 %]", "verdict"):
            table.add_column(heading, justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(
            name,
            *(text for phase in PHASES for text in (interval(row[phase]), verdict(row[phase]))),
        )
    return table


def _table(rows: Mapping[str, Row], groups: Sequence[Group]) -> Table:
    table = Table(box=SIMPLE_HEAD, title="   |   ".join(group.title for group in groups))
    table.add_column("cell")
    for group in groups:
        for heading in group.headings:
            table.add_column(heading, justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(label(name), *(cell for group in groups for cell in group.cells(row)))
    return table


def interval(phase: Mapping[str, Any]) -> str:
    return plain_interval(phase).replace("[", "\\[")


def plain_interval(phase: Mapping[str, Any]) -> str:
    """Without the markup of `rich`."""
    if phase["ratio"] is None:
        return ""
    if phase["low"] is None:
        return f"{phase['ratio']:.2f} [?]"
    return f"{phase['ratio']:.2f} [{phase['low']:.2f}, {phase['high']:.2f}]"


def verdict(phase: Mapping[str, Any]) -> str:
    """Never a percentage where nothing can be told, but for what it is surely below."""
    if phase["verdict"] is None:
        return ""
    return f"[{STYLES[phase['verdict']]}]{_words(phase)}[/]"


def _words(phase: Mapping[str, Any]) -> str:
    found, ratio = phase["verdict"], phase["ratio"]
    if found == "can't tell":
        return found if phase["below"] is None else f"{found}, below {phase['below'] * 100:.0f} %"
    if found == "faster" and ratio >= 2:  # noqa: PLR2004 - then times read better
        return f"{ratio:.1f} times"
    return f"{'+' if found == 'faster' else '-'}{abs(ratio - 1) * 100:.0f} %"


def quantile(found: Mapping[str, Any] | None) -> str:
    return milliseconds(found) + _bracket(found["ratio"] if found else None)


def milliseconds(found: Mapping[str, Any] | None) -> str:
    """A percentile, marked where few responses lie beyond it."""
    return f"{'' if found['sure'] else '~'}{found['ms']:.0f}" if found else "-"


def count(found: Mapping[str, Any]) -> str:
    value = found["per_request"]
    return "-" if value is None else f"{value:.2f}{_bracket(found['ratio'])}"


def _bracket(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:.2f})"


def remarks(result: Mapping[str, Any]) -> list[str]:
    from loadtest import latency_table  # noqa: PLC0415 - as above

    lines = [noise(result), *detectable(result)] if result["model"]["mix"]["noise"] else []
    lines += [*against_itself(result), *costs.remarks(result), *latency_table.remarks(result)]
    if "cached-templates" in result["table"]:
        lines.append(f"* {DEFAULT}")
    if any(row[q] and not row[q]["sure"] for row in result["table"].values() for q in PERCENTILES):
        lines.append(
            "~ fewer than 20 samples lie beyond this percentile: longer windows make it sure"
        )
    if any(row["mix"]["ratio"] and row["mix"]["low"] is None for row in result["table"].values()):
        lines.append("[?] no interval yet: there are too few windows for one")
    lines += shares.remarks(result)
    if not result["complete"]:
        lines.append(f"INCOMPLETE: {progress(result)}; go on with RESUME={result['run']}")
    for failure in result["failures"]:
        what = f"window {failure['number']} ({failure['cell']}, block {failure['block']})"
        lines.append(f"{failure['status']}: {what}, doesn't count: {failure['reason']}")
    lines += [f"distrust: {flag}" for flag in result["flags"]]
    return lines + _errors(result)


def progress(result: Mapping[str, Any]) -> str:
    """How many of the windows that are known to be needed there are."""
    stages = [result, *filter(None, [result.get("latency")])]
    done, planned = (sum(len(stage[key]) for stage in stages) for key in ("windows", "design"))
    more = " and what follows them" if done == planned and not result["complete"] else ""
    return f"{done} of {planned} windows{more}"


def noise(result: Mapping[str, Any]) -> str:
    """How much windows of one cell differ once blocks are accounted for."""
    found = {name: result["model"][name]["noise"] or 0 for name in PHASES}
    parts = " and ".join(f"{share * 100:.0f} % ({name})" for name, share in found.items())
    text = f"noise: windows of a cell vary by {parts} for other reasons than its set"
    return f"{text}: stop other programs" if max(found.values()) > NOISY else text


def detectable(result: Mapping[str, Any]) -> list[str]:
    """The smallest change that this run could find in each phase; the worst of its cells counts.

    Not the A/A cell, which is compared with one cell of the baseline, the others with both.
    """
    rows = [row for name, row in result["table"].items() if name != AGAIN]
    found = {phase: [row[phase]["detectable"] for row in rows] for phase in PHASES}
    parts = [
        f"{(max(filter(None, ratios)) - 1) * 100:.0f} % ({phase})"
        for phase, ratios in found.items()
        if any(ratios)
    ]
    chance = f"{POWER * 10:.0f} of 10 runs like this find a change of"
    return [f"{chance} {' or '.join(parts)} in one comparison"] if parts else []


def against_itself(result: Mapping[str, Any]) -> list[str]:
    """What the A/A cell says: where the baseline differs from itself, the run isn't to be trusted."""
    row = result["table"].get(AGAIN)
    if row is None:
        return []
    wrong = [phase for phase in PHASES if row[phase]["verdict"] in ("faster", "slower")]
    if wrong:
        fact = f"distrust: the baseline differs from itself ({', '.join(wrong)})"
        share = f"{row[wrong[0]]['alpha'] * 100:.0f} %"
        reason = f"chance does that in {share} of comparisons, other programs do it more often"
        return [f"{fact}: {reason}; measure again"]
    return ["A/A: no difference of the baseline from itself was found, as it should be"]


def _errors(result: Mapping[str, Any]) -> list[str]:
    """One example per cell and kind."""
    seen: dict[tuple[str, str], str] = {}
    latency = result.get("latency") or {"windows": []}
    for window in (*result["windows"], *latency["windows"]):
        for phase in window["phases"].values():
            for one in phase["error_examples"]:
                text = (
                    f"error in {window['cell']}: {one['error']} on {one['page']} ({one['detail']})"
                )
                seen.setdefault((window["cell"], one["error"]), text)
    return list(seen.values())
