"""Merges what a request changed in its session into what others saved meanwhile. No store in here."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["merged"]

ABSENT = object()


def merged(
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    now: Mapping[str, Any],
    dumps: Callable[[Any], bytes],
) -> dict[str, Any]:
    """Return `now` with the keys that differ between `base`, as loaded, and `mine`.

    Values are compared as they are stored: to Python True equals 1, and a tuple no list.
    """
    result = dict(now)
    for key in base.keys() | mine.keys():
        value = mine.get(key, ABSENT)
        if value is ABSENT:
            result.pop(key, None)
        elif key not in base or dumps({key: value}) != dumps({key: base[key]}):
            result[key] = value
    return result
