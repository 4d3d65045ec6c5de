"""Makes the query cache store inside transactions, for tests only: `TestCase` hides every commit.

Each write drops what it touches at once, as if it were committed, and a rollback drops what its
transaction wrote once more. Other connections may then be served what isn't committed, which is
why no setting turns this on.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from slipstream.generations import hooks, tags
from slipstream.generations.sql import Kind
from slipstream.generations.writes import Written
from slipstream.querycache import reads


def store_in_transactions() -> None:
    reads.reads_a_snapshot = lambda _connection: ""
    Written.hides = lambda _written, _tables: False  # type: ignore[method-assign]
    Written.note = _held_at_once(Written.note)  # type: ignore[method-assign]
    Written.ended = _dropped_at_the_end(Written.ended)  # type: ignore[method-assign]
    hooks.ACTIONS[Kind.ROLLBACK_TO] = _dropped_by_savepoint(hooks.ACTIONS[Kind.ROLLBACK_TO])


def _undone(written: Written) -> frozenset[str]:
    """What a rollback touches: an inserted row's entry is true no more, which no commit can do."""
    return frozenset(written.tags) | {tags.all_rows(name) for name in written.tables}


def _drop(written: Written, touched: frozenset[str]) -> None:
    if touched:
        with written.held(touched):
            pass


def _held_at_once(note: Callable[..., None]) -> Callable[..., None]:
    def held(written: Written, tables: Any, touched: Any) -> None:
        note(written, tables, touched)
        _drop(written, frozenset(touched))

    return held


def _dropped_at_the_end(ended: Callable[..., None]) -> Callable[..., None]:
    def dropped(written: Written, *, committed: bool) -> None:
        touched = frozenset() if committed else _undone(written)
        ended(written, committed=committed)
        _drop(written, touched)

    return dropped


def _dropped_by_savepoint(
    action: Callable[..., AbstractContextManager[None]],
) -> Callable[..., AbstractContextManager[None]]:
    @contextmanager
    def dropped(written: Written, *args: Any) -> Iterator[None]:
        with action(written, *args):
            yield
        _drop(written, _undone(written))

    return dropped
