"""Reads until the cache answers: a library may not trust a cache that it has found empty, for a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

__all__ = ["counted_sql", "prime"]

PRIMED_SECONDS = 20


@contextmanager
def counted_sql() -> Iterator[list[str]]:
    """Yield a list that the SQL executed meanwhile is added to."""
    seen: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        seen.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(wrapper):
        yield seen


def prime(read: Callable[[], object], what: str) -> None:
    """Repeat a read until it takes no SQL; raises where it never does."""
    deadline = time.monotonic() + PRIMED_SECONDS
    while True:
        with counted_sql() as seen:
            read()
        if not seen:
            return
        if time.monotonic() > deadline:
            raise SystemExit(
                f"error: {what} still takes SQL after {PRIMED_SECONDS} s, so that no hit can be "
                f"measured: {seen[0][:300]!r}"
            )
        time.sleep(0.01)
