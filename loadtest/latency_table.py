"""The latency stage in the terminal: its table, and the sentences on it. Computes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from loadtest.cells import AGAIN, BASELINE, RECOMMENDED
from loadtest.figures import QUANTILES
from loadtest.table import STYLES, interval, label, milliseconds

__all__ = ("capacity", "change", "page", "remarks", "table")

PAGE = "the page with 100 items"


def title(latency: Mapping[str, Any]) -> str:
    share = f"{latency['share'] * 100:.0f} %"
    return f"at {latency['rate']:.1f} requests/s for all, {share} of what the baseline can serve"


def table(latency: Mapping[str, Any]) -> Table:
    found = Table(box=SIMPLE_HEAD, title=f"Latency of the mix, ms, {title(latency)}")
    found.add_column("cell", no_wrap=True)
    for heading in (*QUANTILES, "p95 ratio \\[95 %]", "verdict", "errors"):
        found.add_column(heading, justify="right", no_wrap=True)
    for name, row in latency["table"].items():
        effect = row["change"]
        found.add_row(
            label(name),
            *(milliseconds(row[level]) for level in QUANTILES),
            interval(effect) if effect else "",
            _verdict(row),
            f"{row['errors']} of {row['requests']}",
        )
    return found


def _verdict(row: Mapping[str, Any]) -> str:
    if row["overloaded"]:
        return "[red]overloaded[/]"
    effect = row["change"]
    return f"[{STYLES[effect['verdict']]}]{change(effect)}[/]" if effect else ""


def change(effect: Mapping[str, Any]) -> str:
    """Of p95: never a percentage where nothing can be told, but for what it is surely below."""
    if effect["verdict"] != "can't tell":
        return f"{(effect['ratio'] - 1) * 100:+.0f} %"
    below = effect["below"]
    return "can't tell" if below is None else f"can't tell, below {below * 100:.0f} %"


def remarks(result: Mapping[str, Any]) -> list[str]:
    """What has to be known to read it; nothing where there is no such stage."""
    return [*_latency(result.get("latency")), *page(result), *capacity(result)]


def _latency(latency: Mapping[str, Any] | None) -> Iterator[str]:
    if latency is None:
        return
    if not latency["rate"]:
        yield "latency isn't measured: the baseline served nothing whose rate it could be measured at"
    rows = latency["table"]
    if any(row[level] and not row[level]["sure"] for row in rows.values() for level in QUANTILES):
        yield (
            "~ at that rate: fewer than 20 responses lie beyond this percentile, a larger "
            "LATENCY_SECONDS makes it sure"
        )
    for name, row in rows.items():
        if row["overloaded"]:
            fact = f"overloaded: {label(name)} serves {row['served']:.1f} of"
            yield f"{fact} {latency['rate']:.1f} requests/s; what waits grows, and its latency with it"
    again = rows.get(AGAIN, {}).get("change")
    if again and again["verdict"] != "can't tell":
        yield "distrust: the baseline's p95 differs from itself at that rate; measure again"
    for one in latency["failures"]:
        what = f"{one['stage']} window {one['number']} ({one['cell']}, block {one['block']})"
        yield f"{one['status']}: {what}, doesn't count: {one['reason']}"


def page(result: Mapping[str, Any]) -> list[str]:
    """Whether the page with 100 items does what it did in the story."""
    found = result.get("page")
    if not found:
        return []
    goal = f"{found['ms']:.0f} ms at {found['rate']:.0f} requests/s"
    figures = f"p50 {milliseconds(found['p50'])} ms, p95 {milliseconds(found['p95'])} ms"
    fact = f"{PAGE}, {label(RECOMMENDED)}: {figures}, {found['served']:.0f} of"
    fact += f" {found['rate']:.0f} requests/s served"
    if found["overloaded"]:
        fact += ", overloaded"
    return [f"{fact}: {goal} is {'reached' if found['reached'] else 'not reached here'}"]


def capacity(result: Mapping[str, Any]) -> list[str]:
    """Who is served in time, and how many times the baseline's that is."""
    found = result.get("capacity")
    if not found:
        return []
    target = f"p95 at most {found['target_ms']:.0f} ms"
    pace = f"who each open a page every {found['pace_seconds']:.0f} s"
    parts = [f"{label(name)} {_served(row)}" for name, row in found["cells"].items()]
    users = [found["cells"].get(name, {}).get("users") for name in (BASELINE, RECOMMENDED)]
    times = f": {users[1] / users[0]:.1f} times as many" if all(users) else ""
    return [f"capacity ({target}; users {pace}): {', '.join(parts)}{times}"]


def _served(row: Mapping[str, Any]) -> str:
    if row["rate"] is None:
        return f"none, not even {row['not_at']:.1f} requests/s"
    end = "" if row["not_at"] is None else f", not {row['not_at']:.1f}"
    return f"{row['users']:.0f} users ({row['rate']:.1f} requests/s{end})"
