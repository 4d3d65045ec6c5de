"""What became of each ORM read of one request, for those who look at it: the debug toolbar.

A request has its own list in a context variable, which threads of the async ORM inherit. Outcomes
come from the signals; the time is taken around the compiler, whose wrapper is put in at the first
request that is looked at.
"""

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models.sql.compiler import SQLCompiler

from slipstream.patches import Patches
from slipstream.querycache import signals

__all__ = ["RecordedRead", "start", "stop", "uninstall"]

HIT, MISS, FLUX, BYPASS = "hit", "miss", "in flux", "bypass"


@dataclass(slots=True)
class RecordedRead:
    """One read; `outcome` is empty for what isn't a read that the query cache has seen."""

    outcome: str = ""
    reason: str = ""
    tables: tuple[str, ...] = ()
    sql: str = ""
    seconds: float = 0.0


_reads: ContextVar[list[RecordedRead] | None] = ContextVar("slipstream_reads", default=None)
_current: ContextVar[RecordedRead | None] = ContextVar("slipstream_read", default=None)


def start() -> list[RecordedRead]:
    """Return the list that the reads of this context go into from now on."""
    _install()
    reads: list[RecordedRead] = []
    _reads.set(reads)
    return reads


def stop() -> None:
    """Record no more in this context."""
    _reads.set(None)


def _timed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute_sql(self: Any, *arguments: Any, **options: Any) -> Any:
        reads = _reads.get()
        if reads is None:
            return original(self, *arguments, **options)
        read = RecordedRead()
        before = _current.set(read)
        begun = time.perf_counter()
        try:
            return original(self, *arguments, **options)
        finally:
            read.seconds = time.perf_counter() - begun
            _current.reset(before)
            if read.outcome:
                reads.append(read)

    return execute_sql


def _note(outcome: str, reason: str, tables: frozenset[str], sql: str) -> None:
    read = _current.get()
    if read is None:
        return
    if not sql:  # a miss that isn't stored
        read.reason = reason
        return
    read.outcome, read.reason = outcome, reason
    read.tables, read.sql = tuple(sorted(tables)), sql


def _receiver(outcome: str) -> Callable[..., None]:
    def receive(*, tables: frozenset[str], sql: str, reason: str = "", **_more: Any) -> None:
        _note(outcome, reason, tables, sql)

    return receive


_RECEIVERS = (
    (signals.hit, _receiver(HIT)),
    (signals.missed, _receiver(MISS)),
    (signals.in_flux, _receiver(FLUX)),
    (signals.bypassed, _receiver(BYPASS)),
)
_PATCHES = Patches(((SQLCompiler, "execute_sql", _timed),))


def _install() -> None:
    """Put the wrapper around the query cache's own, once per process, and listen."""
    _PATCHES.install()
    for signal, receiver in _RECEIVERS:
        signal.connect(receiver)  # a second time changes nothing


def uninstall() -> None:
    """Take all of it out again: for tests, before the query cache goes out."""
    for signal, receiver in _RECEIVERS:
        signal.disconnect(receiver)
    _PATCHES.uninstall()
