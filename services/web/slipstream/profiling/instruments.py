"""Fills in a recording: each statement with its place, and how many rows it gave.

Which columns were read is in `columns.py`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import MULTI

from slipstream.patches import Place
from slipstream.profiling.places import here
from slipstream.profiling.recording import CURRENT, Recording, Statement

__all__ = ["PLACES", "recorded"]

SELECT = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
LIMITED = re.compile(r"\b(?:LIMIT\s|FETCH\s+(?:FIRST|NEXT)\b|TOP\s)", re.IGNORECASE)
MOST_CHARACTERS = 2000
OPENING = "_slipstream_review_opening"


@contextmanager
def recorded() -> Iterator[Recording]:
    """Record what this thread asks of any database until the end of the block."""
    made = Recording()
    token = CURRENT.set(made)
    try:
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(_record))
            yield made
    finally:
        CURRENT.reset(token)


def _record(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Django's execute wrapper."""
    recording = CURRENT.get()
    if recording is None or _is_set_up(context):
        return execute(sql, params, many, context)
    text = str(sql)
    made = Statement(sql=text[:MOST_CHARACTERS], params=repr(params), places=here())
    recording.statements.append(made)
    result = execute(sql, params, many, context)
    if SELECT.match(text):
        rows = getattr(context["cursor"], "rowcount", -1)
        made.rows = rows if rows >= 0 else None
        made.limited = LIMITED.search(text) is not None
    return result


def _is_set_up(context: dict[str, Any]) -> bool:
    """Whether Django is opening the connection: what it asks then is no page's."""
    return hasattr(context["connection"], OPENING)


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def connect(self: Any) -> None:
        setattr(self, OPENING, True)
        try:
            original(self)
        finally:
            delattr(self, OPENING)

    return connect


def _execute_sql(original: Callable[..., Any]) -> Callable[..., Any]:
    """Count the rows as they are fetched: not every driver knows their number beforehand."""

    @wraps(original)
    def execute_sql(self: Any, result_type: str = MULTI, *args: Any, **options: Any) -> Any:
        recording = CURRENT.get()
        before = len(recording.statements) if recording else 0
        result = original(self, result_type, *args, **options)
        if (
            recording is None
            or result_type != MULTI
            or result is None
            or len(recording.statements) == before
        ):
            return result
        made = recording.statements[-1]
        made.rows, made.limited = 0, self.query.is_sliced
        if isinstance(result, list):  # fetched already, and looked at by others than Django
            made.rows = sum(len(chunk) for chunk in result)
            return result
        return _counted(result, made)

    return execute_sql


def _counted(chunks: Iterable[Any], made: Statement) -> Iterator[Any]:
    for chunk in chunks:
        made.rows = (made.rows or 0) + len(chunk)
        yield chunk


PLACES: tuple[Place, ...] = (
    (SQLCompiler, "execute_sql", _execute_sql),
    (BaseDatabaseWrapper, "connect", _connect),
)
