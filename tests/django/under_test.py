"""Turns the query cache on in a process of the suite, and counts what it did, query by query."""

import functools
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slipstream.generations import database
from slipstream.querycache import signals
from slipstream.querycache.reads import Read
from tests.django.plan import Mode
from tests.django.reads import Coverage
from tests.django.recorder import Recorder

counts: Counter[str] = Counter()
coverage = Coverage()
_receivers: list[Any] = []  # signals hold receivers weakly


def install(runtests: Any, mode: Mode) -> None:
    """Before Django is set up: runtests.py sets INSTALLED_APPS by itself."""
    runtests.ALWAYS_INSTALLED_APPS.append("slipstream.querycache")
    # Tests that replace CACHES leave the one of ours out, and mean it no harm.
    database.store_for = functools.cache(database.store_for)
    count_queries(twice=mode.stored)
    if mode.watched:
        coverage.install()
    if mode.stored:
        from tests.django.transactions import store_in_transactions  # noqa: PLC0415 - patches

        store_in_transactions()


def count_queries(*, twice: bool) -> None:
    """Statistics of the cache are per table; a hit ratio is of queries.

    twice: a read that was stored is asked for again at once, and the test gets the cached answer.
    """
    answer = Read.answer

    def counted_answer(read: Read) -> Any:
        counts["read"] += 1
        misses = counts["missed"]
        result = answer(read)
        if twice and counts["missed"] > misses:
            counts["read"] += 1
            with unlogged(read.connection.queries_log):
                return answer(read)
        return result

    def counted_bypass(reason: str, **_kwargs: Any) -> None:
        counts[f"bypass:{reason}"] += 1

    Read.answer = counted_answer  # type: ignore[method-assign]
    _receivers.append(counted_bypass)
    signals.bypassed.connect(counted_bypass)
    for name in ("hit", "missed", "difference"):
        _receivers.append(_counter(name))
        getattr(signals, name).connect(_receivers[-1])
    Recorder.count_differences = staticmethod(lambda: counts["difference"])


@contextmanager
def unlogged(log: deque[Any]) -> Iterator[None]:
    """Keep the query that verify mode runs for the second answer from tests that count."""
    length = len(log)
    yield
    while len(log) > length:
        log.pop()


def _counter(name: str) -> Any:
    def count(**_kwargs: Any) -> None:
        counts[name] += 1

    return count


def statistics() -> dict[str, int]:
    found = {f"coverage:{key}": count for key, count in coverage.counts.items()}
    for example in coverage.examples:
        print("coverage: missed", example)
    return {**counts, **found}
