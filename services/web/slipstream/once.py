"""What several probes of one report ask for is looked at once, so that they judge the same moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["looked_at_once", "one_report"]

P = ParamSpec("P")
T = TypeVar("T")

_found: ContextVar[dict[Any, Any] | None] = ContextVar("found", default=None)


@contextmanager
def one_report() -> Iterator[None]:
    """Let functions that are `looked_at_once` keep what they return for the time of the block."""
    token = _found.set({})
    try:
        yield
    finally:
        _found.reset(token)


def looked_at_once(function: Callable[P, T]) -> Callable[P, T]:
    """Call the function once in a report, whatever it is given; each time outside of one."""

    @wraps(function)
    def look(*args: P.args, **kwargs: P.kwargs) -> T:
        found = _found.get()
        if found is None:
            return function(*args, **kwargs)
        if look not in found:
            found[look] = function(*args, **kwargs)
        known: T = found[look]
        return known

    return look
