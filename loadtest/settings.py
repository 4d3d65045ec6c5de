"""A run's settings, read once from the table in `options.py` into a frozen dataclass.

The scenario (which pages, how often) is in `scenario.py`; nothing else reads the environment.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from loadtest.errors import SettingsError, suggestion
from loadtest.options import MODES, OPTIONS
from loadtest.paths import RESULTS, SCENARIO

__all__ = ("Settings",)


BY_NAME = {option.name: option for option in OPTIONS}
SECONDS = "of seconds"
ONLY = "only"
FALSE, TRUE = ("", "0", "no", "false"), ("1", "yes", "true")


@dataclass(frozen=True, kw_only=True)
class Settings:
    mode: str = "quick"
    blocks: int = 3
    only: tuple[str, ...] = ()
    resume: str = ""
    users: int = 2000
    visitors: int = 12
    warmup_seconds: float = 1.0
    mix_seconds: float = 4.0
    one_query_warmup_seconds: float = 0.5
    one_query_seconds: float = 1.5
    latency_seconds: float = 6.0
    p95_target_ms: float = 250.0
    capacity: bool = False
    db_rtt_ms: float = 0.0
    db_tls: bool = False
    seed: int = 0
    review: bool = False
    keep: bool = False
    safety: str = "1"
    scenario: Path = SCENARIO
    budget: Path | None = None
    results: Path = RESULTS
    given: tuple[str, ...] = ()
    """Names of the options that were set, as opposed to their defaults."""

    @classmethod
    def parse(cls, given: Mapping[str, str | None]) -> Self:
        """Settings from texts by option name; missing or empty = default. Raises SettingsError."""
        text = {name: value.strip() for name, value in given.items() if value and value.strip()}
        mode = _mode(text.get("mode", "quick"))
        usual = {"db_rtt_ms": cls.db_rtt_ms, "p95_target_ms": cls.p95_target_ms} | MODES[mode]
        base = {name: str(value) for name, value in usual.items()} | text
        if text.get("safety") == ONLY:
            base["latency_seconds"] = "0"
        return cls(
            mode=mode,
            blocks=_whole(base, "blocks", cls.blocks),
            only=tuple(dict.fromkeys(part for part in _split(text.get("only", "")))),
            resume=_resume(text.get("resume", "")),
            users=_whole(base, "users", cls.users),
            visitors=_whole(base, "visitors", cls.visitors),
            warmup_seconds=_number(base, "warmup_seconds", SECONDS),
            mix_seconds=_number(base, "mix_seconds", SECONDS),
            one_query_warmup_seconds=_number(base, "one_query_warmup_seconds", SECONDS),
            one_query_seconds=_number(base, "one_query_seconds", SECONDS),
            db_rtt_ms=_number(base, "db_rtt_ms"),
            db_tls=_switch(text.get("db_tls", ""), "db_tls"),
            latency_seconds=_number(base, "latency_seconds", SECONDS),
            p95_target_ms=_number(base, "p95_target_ms"),
            capacity=_switch(text.get("capacity", str(int(mode == "full"))), "capacity"),
            seed=_whole(base, "seed", secrets.randbelow(2**31)),
            review=_switch(text.get("review", "1" if mode == "full" else ""), "review"),
            keep=_switch(text.get("keep", ""), "keep"),
            safety=_safety(text.get("safety", "1")),
            scenario=Path(text.get("scenario", SCENARIO)),
            budget=Path(text["budget"]) if "budget" in text else None,
            results=Path(text.get("results", RESULTS)),
            given=tuple(text),
        )

    @property
    def window_seconds(self) -> float:
        """Time one window spends under load, warm-ups included."""
        mix = self.warmup_seconds + self.mix_seconds
        return mix + self.one_query_warmup_seconds + self.one_query_seconds


def _mode(text: str) -> str:
    if text not in MODES:
        raise SettingsError(f"unknown MODE {text!r}: {suggestion(text, MODES)}")
    return text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.replace(" ", ",").split(",") if part.strip()]


def _resume(text: str) -> str:
    if text in FALSE:
        return ""
    return "newest" if text in TRUE else text


def _switch(text: str, name: str) -> bool:
    if text in FALSE or text in TRUE:
        return text in TRUE
    raise SettingsError(
        f"{name.upper()}={text!r} is neither on nor off: use {name.upper()}=1 or leave it out"
    )


def _safety(text: str) -> str:
    if text == ONLY:
        return text
    if text in FALSE or text in TRUE:
        return "1" if text in TRUE else "0"
    raise SettingsError(
        f"SAFETY={text!r} is neither 0, 1 nor {ONLY!r}: set 0 to leave it out, {ONLY!r} to do it alone"
    )


def _whole(text: Mapping[str, str], name: str, default: int) -> int:
    value = text.get(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise SettingsError(
            f"{BY_NAME[name].env}={value!r} is not a whole number: {_range(name)}"
        ) from None
    return int(_within(number, name))


def _number(text: Mapping[str, str], name: str, unit: str = "of milliseconds") -> float:
    value = text[name]
    try:
        number = float(value)
    except ValueError:
        raise SettingsError(
            f"{BY_NAME[name].env}={value!r} is not a number {unit}: {_range(name)}"
        ) from None
    return _within(number, name)


def _within(number: float, name: str) -> float:
    option = BY_NAME[name]
    if option.low <= number <= option.high:  # false for not-a-number, too
        return number
    raise SettingsError(
        f"{option.env}={number:.12g} is out of range ({option.remedy}): {_range(name)}"
    )


def _range(name: str) -> str:
    option = BY_NAME[name]
    return f"set it between {option.low:g} and {option.high:.12g}"
