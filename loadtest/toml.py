"""TOML files that a user writes, and one-line errors for what can't be used in them.

What is in them is the business of `scenario.py` and `budget.py`.
"""

import math
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from loadtest.errors import SettingsError, suggestion

__all__ = ("known", "number", "read")


def read(path: Path, kind: str) -> dict[str, Any]:
    """Return the content of a file of that kind. Raises SettingsError."""
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"can't read {kind} {str(path)!r}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{kind} {str(path)!r} is not TOML: {error}") from None


def known(name: str, names: Collection[str], kind: str, source: str) -> None:
    """Raise SettingsError for a name that is none of these, with the one that may be meant."""
    if name not in names:
        raise SettingsError(f"unknown {kind} {name!r} in {source!r}: {suggestion(name, names)}")


def number(value: object, name: str, source: str, *, high: float = math.inf) -> float:
    """Return a number from 0 to `high`. Raises SettingsError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high:
        return float(value)
    limits = "0 or more" if high == math.inf else f"from 0 to {high:g}"
    raise SettingsError(f"{name} = {value!r} in {source!r} is unusable: give a number {limits}")
