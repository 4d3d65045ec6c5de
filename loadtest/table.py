"""The table of a result in the terminal, and the sentences under it. Computes nothing."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtest.cells import BASELINE

__all__ = ("show", "throughput", "why_and_how_long")

LABELS = {
    BASELINE: "baseline",
    "cached-templates": "cached-templates (Django's default)",
    "recommended": "all recommended",
}
STYLES = {"faster": "green", "slower": "red", "can't tell": "yellow"}
COLUMNS = {"queries": "queries", "connections": "new connections", "compiled": "templates compiled"}


def show(result: Mapping[str, Any], console: Console) -> None:
    """Both tables, then what has to be known to read them."""
    if not result["table"]:
        console.print(f"run {result['run']}: no window is finished yet")
    else:
        console.print(throughput(result))
        console.print(why_and_how_long(result))
    for line in remarks(result):
        console.print(Text(line))


def throughput(result: Mapping[str, Any]) -> Table:
    level = f"{result['model']['mix']['level']:.0%}".replace("%", " %")
    table = Table(title=f"Requests per second, and as a ratio to the baseline [{level} interval]")
    for heading in ("cell", "mix of pages", "ratio", "", "one-query page", "ratio", ""):
        table.add_column(heading, justify="left" if heading == "cell" else "right", no_wrap=True)
    for name, row in result["table"].items():
        cells = [LABELS.get(name, name)]
        for phase in ("mix", "one-query"):
            cells += [f"{row[phase]['rate']:.1f}", interval(row[phase]), verdict(row[phase])]
        table.add_row(*cells)
    return table


def why_and_how_long(result: Mapping[str, Any]) -> Table:
    table = Table(
        title="Latency and causes in the mix of pages (in brackets: ratio to the baseline)"
    )
    headings = ("cell", "p50 ms", "p95 ms", "p99 ms", *COLUMNS.values(), "errors")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "cell" else "right")
    for name, row in result["table"].items():
        cells = [quantile(row[level]) for level in ("p50", "p95", "p99")]
        cells += [count(row[column]) for column in COLUMNS]
        table.add_row(LABELS.get(name, name), *cells, f"{row['errors']} of {row['requests']}")
    return table


def interval(phase: Mapping[str, Any]) -> str:
    if phase["ratio"] is None:
        return ""
    if phase["low"] is None:
        return f"{phase['ratio']:.2f} [?]"
    return f"{phase['ratio']:.2f} \\[{phase['low']:.2f}, {phase['high']:.2f}]"


def verdict(phase: Mapping[str, Any]) -> str:
    """Never a percentage where the interval holds 1."""
    if phase["verdict"] is None:
        return ""
    style = STYLES[phase["verdict"]]
    change = f" {abs(phase['ratio'] - 1) * 100:.0f} %" if phase["verdict"] != "can't tell" else ""
    if phase["verdict"] == "faster" and phase["ratio"] >= 2:  # noqa: PLR2004 - then times read better
        change = f" {phase['ratio']:.1f} times"
        return f"[{style}]{change.strip()}[/]"
    sign = {"faster": "+", "slower": "-"}.get(phase["verdict"], "")
    return f"[{style}]{sign}{change.strip()}[/]" if change else f"[{style}]can't tell[/]"


def quantile(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "-"
    mark = "" if found["sure"] else "~"
    return f"{mark}{found['ms']:.0f}{_bracket(found['ratio'])}"


def count(found: Mapping[str, Any]) -> str:
    value = found["per_request"]
    return "-" if value is None else f"{value:.2f}{_bracket(found['ratio'])}"


def _bracket(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:.2f})"


def remarks(result: Mapping[str, Any]) -> list[str]:
    lines = []
    if any(
        row[q] and not row[q]["sure"]
        for row in result["table"].values()
        for q in ("p50", "p95", "p99")
    ):
        lines.append(
            "~ fewer than 20 samples lie beyond this percentile: longer windows make it sure"
        )
    if any(row["mix"]["ratio"] and row["mix"]["low"] is None for row in result["table"].values()):
        lines.append("[?] no interval yet: there are too few windows for one")
    if not result["complete"]:
        done, planned = len(result["windows"]), len(result["design"])
        lines.append(f"INCOMPLETE: {done} of {planned} windows; go on with RESUME={result['run']}")
    for failure in result["failures"]:
        what = f"window {failure['number']} ({failure['cell']}, block {failure['block']})"
        lines.append(f"{failure['status']}: {what}, doesn't count: {failure['reason']}")
    lines += [f"distrust: {flag}" for flag in result["flags"]]
    return lines + _errors(result)


def _errors(result: Mapping[str, Any]) -> list[str]:
    """One example per cell and kind."""
    seen: dict[tuple[str, str], str] = {}
    for window in result["windows"]:
        for phase in window["phases"].values():
            for one in phase["error_examples"]:
                text = (
                    f"error in {window['cell']}: {one['error']} on {one['page']} ({one['detail']})"
                )
                seen.setdefault((window["cell"], one["error"]), text)
    return list(seen.values())
