"""All that is decided before a run begins: its cells, its design, its folder; new or resumed.

Carrying it out is in `runner.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import floor
from typing import Any

from loadtest import design, fingerprint, fraction, largest, pinning, store
from loadtest.cells import WITHOUT, Cell, Row, candidates, cells, composed, separate
from loadtest.design import Window
from loadtest.errors import SettingsError
from loadtest.safety import records
from loadtest.safety.vouching import vouched
from loadtest.scenario import Scenario
from loadtest.settings import Settings
from loadtest.store import Run

__all__ = (
    "BETWEEN_SECONDS",
    "BOOT_SECONDS",
    "FULL_SECONDS",
    "LATENCY_ALONE",
    "LATENCY_BLOCKS",
    "QUICK_SECONDS",
    "Plan",
    "create",
    "make_plan",
)

BETWEEN_SECONDS = 2.0
"""Emptying caches, proofs, spawning and the last answers of each window."""
PROOF_TRIPS = 150
"""To Postgres and back: the proofs before a window open connections, and wait for their end."""
BOOT_SECONDS = 55
LOGIN_SECONDS = 0.5
LATENCY_BLOCKS, LATENCY_ALONE = 3, 3
"""Blocks of the latency stage, and how many optimizations alone are in it in quick mode."""
FURTHER_SECONDS = {"page": 15, "capacity": 150}
SAFETY_SECONDS, SHARED_SECONDS = {"quick": 11, "full": 28}, {"quick": 40, "full": 52}
"""By mode: the probes in each cell, and those that are done once."""
REVIEW_SECONDS = 60.0
FULL_SECONDS = 3300.0
"""Of full mode, by its plan: the hour's last minutes are for machines that take longer."""
QUICK_SECONDS = 600.0
SHORTEST_SHARE = 0.4
"""Each further optimization makes what is measured in a window shorter, down to this share of it."""
USERS_OWN = ("resume", "review", "keep", "results", "scenario", "budget")
"""Settings that a resumed run takes from its command line; all others it keeps."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """How long a run of such settings and cells takes, by its stages."""

    settings: Settings
    cells: tuple[Cell, ...]

    @property
    def stores(self) -> dict[str, Cell]:
        """For each session store a cell in which visitors log in."""
        return {cell.store: cell for cell in reversed(self.cells)}

    @property
    def between_seconds(self) -> float:
        """What a window takes beside its load."""
        return BETWEEN_SECONDS + PROOF_TRIPS * self.settings.db_rtt_ms / 1000

    @property
    def window_seconds(self) -> float:
        return self.settings.window_seconds + self.between_seconds

    @property
    def before_seconds(self) -> float:
        """Boot, log-ins and the first touch of each cell."""
        logins = self.settings.visitors * LOGIN_SECONDS * len(self.stores)
        return BOOT_SECONDS + logins + self.settings.warmup_seconds * len(self.cells)

    @property
    def latency_seconds(self) -> float:
        """The stages that follow the throughput, where all of them are still to come."""
        settings, cells = self.settings, sum(not composed(one.name) for one in self.cells)
        if not settings.latency_seconds:
            return 0.0
        if settings.mode != "full":
            cells = min(cells, LATENCY_ALONE + 2)
        each = settings.warmup_seconds + settings.latency_seconds + self.between_seconds
        further = FURTHER_SECONDS["page"] + FURTHER_SECONDS["capacity"] * settings.capacity
        return each * LATENCY_BLOCKS * cells + further

    @property
    def safety_seconds(self) -> float:
        """The probes of safety, after the windows."""
        if self.settings.safety == "0":
            return 0
        mode = self.settings.mode
        instead = vouched(self.cells, mode)
        probed = [one for one in self.cells if separate(one.name) and one.name not in instead]
        return SAFETY_SECONDS[mode] * len(probed) + SHARED_SECONDS[mode]

    def seconds(self, windows: int) -> float:
        """All of it, where so many windows of the throughput are to be measured."""
        after = self.latency_seconds + self.safety_seconds
        after += REVIEW_SECONDS if self.settings.review else 0.0
        return self.before_seconds + self.window_seconds * windows + after


@dataclass(frozen=True, kw_only=True)
class Plan(Times):
    scenario: Scenario
    names: tuple[str, ...]
    design: tuple[Window, ...]
    run: Run

    @property
    def missing(self) -> tuple[Window, ...]:
        return design.missing(self.design, self.run.finished())

    def cell(self, name: str) -> Cell:
        """The cell of that name in the design, or the one that takes its place."""
        if name == largest.LARGEST:
            name = largest.taken(self.run.windows(), self.cells)
        return next(cell for cell in self.cells if cell.name == name)

    def lines(self) -> list[str]:
        """The plan for the user to read before it starts."""
        settings, left = self.settings, len(self.missing)
        minutes = self.seconds(left) / 60
        windows = f"{len(self.design)} windows of {settings.window_seconds:g} s, {left} to measure"
        cells = len({window.cell for window in self.design})
        size = f"{cells} cells in {settings.blocks} blocks: {windows}"
        load = f"{settings.visitors} visitors without pauses on {settings.users} users"
        start = f"{self.before_seconds:.0f} s of them to boot, seed and log in"
        if settings.safety == "only":
            size = f"{len(self.cells)} cells, safety only, no windows"
        return [
            f"run {self.run.name}: {size}; seed {settings.seed}",
            f"{load}; about {minutes:.0f} min, {start}",
            *fraction.lines(self.cells, settings.mode),
        ]


def make_plan(settings: Settings, rows: Sequence[Row]) -> Plan:
    """A new run's plan, or that of the run to resume, with the settings that it began with."""
    names = tuple(row.name for row in rows)
    if settings.resume:
        return _resumed(settings, rows, names)
    scenario, machine = Scenario.read(settings.scenario), fingerprint.collect()
    settings = _fitted(settings, rows)
    chosen = _cells(rows, settings, machine)
    order = _order(chosen, settings)
    run = create(settings, scenario, chosen, order, machine)
    return Plan(
        settings=settings, scenario=scenario, cells=chosen, names=names, design=order, run=run
    )


def _cells(rows: Sequence[Row], settings: Settings, machine: Mapping[str, Any]) -> tuple[Cell, ...]:
    """In full mode with the fraction that fits into its time and this machine, unless some are named."""
    measured = settings.safety != "only"  # sets that are there to be compared have nothing to probe
    whole = measured and settings.mode == "full"
    found = cells(rows, settings.only, more=whole)
    if settings.only or not measured:
        return found
    if not whole:
        return (*found, *largest.last_offs(rows))
    sets = candidates(rows)
    in_memory = max(0, fraction.most_cells(machine["memory_mib"]) - len(found))
    settings = replace(settings, review=True)  # a resumed run may ask for it
    fitting = (
        number
        for number in range(in_memory, 0, -1)
        if _whole_seconds(settings, (*found, *sets[:number])) <= FULL_SECONDS
    )
    return (*found, *fraction.augment(found, sets, next(fitting, 0)))


def _fitted(settings: Settings, rows: Sequence[Row]) -> Settings:
    """Windows as long as the mode's time leaves for its cells; what was asked for stays.

    In full mode these are at least as many as make factors and their pairs estimable.
    """
    asked = not {"mix_seconds", "one_query_seconds"}.isdisjoint(settings.given)
    if asked or settings.only or settings.safety == "only":
        return settings
    if settings.mode == "full":
        known = cells(rows, more=True)
        chosen = (*known, *candidates(rows)[: fraction.lacking(known)])
        return _shortened(settings, chosen, settings.blocks * len(chosen), FULL_SECONDS)
    chosen = (*cells(rows), *largest.last_offs(rows))
    return _shortened(settings, chosen, len(_order(chosen, settings)), QUICK_SECONDS)


def _shortened(
    settings: Settings, chosen: tuple[Cell, ...], windows: int, limit_seconds: float
) -> Settings:
    usual = replace(settings, review=settings.mode == "full")
    if settings.mode == "quick":
        usual = replace(usual, capacity=False)  # whoever wants it has the time
    over = Times(settings=usual, cells=chosen).seconds(windows) - limit_seconds
    share = 1 - over / windows / (settings.mix_seconds + settings.one_query_seconds)
    share = min(1.0, max(share, SHORTEST_SHARE))
    return replace(
        settings,
        mix_seconds=floor(share * settings.mix_seconds * 10) / 10,
        one_query_seconds=floor(share * settings.one_query_seconds * 10) / 10,
    )


def _whole_seconds(settings: Settings, chosen: tuple[Cell, ...]) -> float:
    return Times(settings=settings, cells=chosen).seconds(settings.blocks * len(chosen))


def _order(chosen: Sequence[Cell], settings: Settings) -> tuple[Window, ...]:
    if settings.safety == "only":
        return ()
    names = [cell.name for cell in chosen]
    if settings.mode == "quick" and not settings.only:
        usual = [name for name in names if not name.startswith(WITHOUT)]
        later = [largest.LARGEST] if len(usual) < len(names) else []
        return design.randomized_blocks(usual, settings.blocks, settings.seed, later)
    return design.randomized_blocks(names, settings.blocks, settings.seed)


def create(
    settings: Settings,
    scenario: Scenario,
    chosen: Sequence[Cell],
    order: Sequence[Window],
    machine: Mapping[str, Any],
) -> Run:
    """A new run's folder, all that was decided in it. Raises StoreError where there is such a run."""
    now = datetime.now(UTC)
    content = {
        "created_at": now.isoformat(timespec="seconds"),
        "settings": asdict(settings),
        "seed": settings.seed,
        "scenario": scenario.as_dict(),
        "cells": [asdict(cell) for cell in chosen],
        "design": [asdict(window) for window in order],
        "fingerprint": machine,
        "pinning": str(pinning.plan()),
    }
    return Run.create(settings.results, f"{now:%Y%m%d-%H%M%S}-{settings.mode}", _plain(content))


def _resumed(settings: Settings, rows: Sequence[Row], names: tuple[str, ...]) -> Plan:
    run = _to_resume(settings)
    stored = run.plan()
    settings = _as_it_was(settings, stored["settings"])
    chosen = _cells(rows, settings, stored["fingerprint"])
    order = _order(chosen, settings)
    _refuse_other_machine(run, stored["fingerprint"])
    _refuse_other_design(run, stored, chosen, order)
    mix = stored["scenario"]
    scenario = Scenario(weights=tuple(mix["weights"]), filtered=mix["filtered"])
    return Plan(
        settings=settings, scenario=scenario, cells=chosen, names=names, design=order, run=run
    )


def _to_resume(settings: Settings) -> Run:
    if settings.resume == "newest":
        return store.unfinished(settings.results, records.is_missing)
    return store.open_run(settings.results, settings.resume)


def _as_it_was(settings: Settings, stored: Mapping[str, Any]) -> Settings:
    kept = {name: value for name, value in stored.items() if name not in USERS_OWN}
    if "review" not in settings.given:
        kept["review"] = stored.get("review", False)
    for name in settings.given:
        if name not in USERS_OWN and _plain(getattr(settings, name)) != stored.get(name):
            began = repr(stored.get(name))
            raise SettingsError(
                f"{name.upper()} can't change in a resumed run, which began with {began}: "
                "leave it out, or leave RESUME out to start anew"
            )
    return replace(settings, **kept | {"only": tuple(stored["only"]), "given": ()})


def _refuse_other_machine(run: Run, then: Mapping[str, Any]) -> None:
    now = fingerprint.collect()
    for name in fingerprint.DECISIVE:
        if now[name] != then[name]:
            raise SettingsError(
                f"can't resume run {run.name!r}: {name} was {then[name]!r}, is {now[name]!r}, and "
                "windows compare within one state only; go back to it, or leave RESUME out"
            )


def _refuse_other_design(
    run: Run, stored: Mapping[str, Any], chosen: Sequence[Cell], order: Sequence[Window]
) -> None:
    now = _plain([[asdict(cell) for cell in chosen], [asdict(window) for window in order]])
    if now != [stored["cells"], stored["design"]]:
        raise SettingsError(
            f"can't resume run {run.name!r}: the table of optimizations has changed since; "
            "leave RESUME out"
        )


def _plain(content: Any) -> Any:
    """As it will be read back: lists for tuples, texts for paths."""
    return json.loads(json.dumps(content, default=str))
