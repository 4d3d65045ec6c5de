"""Keeps a server in trouble from holding up requests, and makes one error of all that it may raise.

Which exceptions mean what is told by the store's module.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol, TypeVar

from slipstream.generations.stores import (
    Asked,
    Change,
    Exchanged,
    Store,
    StoreRefused,
    StoreUnavailable,
)
from slipstream.outage import Breaker, Outage
from slipstream.timing.counters import record_round_trip

__all__ = ["Guarded"]

LOGGER = "slipstream.generations"
WHILE_AWAY = "reads go to the database meanwhile"
WHILE_REFUSING = "each such call is given up"
OPERATIONS = ("get_many", "exchange", "set", "add", "delete", "served")

T = TypeVar("T")
Exceptions = tuple[type[Exception], ...]


class _Server(Store, Protocol):
    def close(self) -> None: ...


def _do_not_record(_seconds: float) -> None:
    """Stand in for `record_round_trip` where the client's own calls are counted."""


class Guarded:
    """A store on one server, behind a circuit breaker.

    `failures` are the client's exceptions. Those of them that are `refusals` too came from a server
    that answers: they don't open the breaker, and each operation logs its own begin and end of
    them, since a server may refuse to store and still let itself be read.
    """

    def __init__(  # noqa: PLR0913 - each is a fact about the server, given by name
        self,
        store: _Server,
        *,
        name: str,
        failures: Exceptions,
        refusals: Exceptions,
        count_round_trips: bool,
        seconds: float = 0.75,
    ) -> None:
        self._store = store
        self._name = name
        self._failures = failures
        self._refusals = refusals
        self._record = record_round_trip if count_round_trips else _do_not_record
        self._breaker = Breaker(_outage(f"{name} does not answer", WHILE_AWAY), seconds=seconds)
        self._refused = {
            what: _outage(f"{name} refuses {what!r}", WHILE_REFUSING) for what in OPERATIONS
        }

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """See Store."""
        return self._call("get_many", self._store.get_many, keys)

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        """See Store."""
        return self._call("exchange", self._store.exchange, changes, keys)

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """See Store. As `set`, it finds out nothing of a server in trouble: who reads the answer does."""
        self._refuse_in_outage()
        try:
            return _GuardedAnswer(self, self._store.ask(changes, keys))
        except self._failures as error:
            raise self._unavailable(f"{type(error).__name__}: {error}") from error

    def set(
        self, key: str, value: bytes, timeout_seconds: int, after: Sequence[Change] = ()
    ) -> None:
        """See Store. It finds out nothing of a server in trouble, since it may not be answered."""
        self._refuse_in_outage()
        self._call("set", self._store.set, key, value, timeout_seconds, after)

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:
        """See Store."""
        return self._call("add", self._store.add, key, value, timeout_seconds)

    def delete(self, key: str) -> None:
        """See Store."""
        self._call("delete", self._store.delete, key)

    def served(self) -> int | None:
        """See Store."""
        return self._call("served", self._store.served)

    def close(self) -> None:
        """Close connections that are not in use."""
        self._store.close()

    def _call(self, what: str, command: Callable[..., T], *arguments: Any) -> T:
        breaker = self._breaker
        ticket = breaker.enter()
        if ticket is None:
            raise self._unavailable(breaker.outage.reason)
        failure: str | None = "the call was interrupted"
        start = perf_counter()
        try:
            result = command(*arguments)
            failure = None
        except self._failures as error:
            reason = f"{type(error).__name__}: {error}"
            if isinstance(error, self._refusals):
                failure = None
                self._refused[what].begin(reason)
                raise StoreRefused(f"{self._name} refuses {what!r}: {reason}") from error
            failure = reason
            raise self._unavailable(reason) from error
        finally:
            self._record(perf_counter() - start)
            breaker.leave(ticket, failure)
        self._refused[what].end()
        return result

    def _refuse_in_outage(self) -> None:
        if self._breaker.outage.ongoing:
            raise self._unavailable(self._breaker.outage.reason)

    def _unavailable(self, reason: str) -> StoreUnavailable:
        return StoreUnavailable(f"{self._name} is unavailable: {reason}")


class _GuardedAnswer:
    """What a guarded store was asked."""

    __slots__ = ("_asked", "_guard")

    def __init__(self, guard: Guarded, asked: Asked) -> None:
        self._guard = guard
        self._asked = asked

    def answer(self) -> Exchanged:
        """See Asked."""
        return self._guard._call("exchange", self._asked.answer)

    def drop(self) -> None:
        """See Asked."""
        self._asked.drop()


def _outage(what: str, consequence: str) -> Outage:
    return Outage(what=what, consequence=consequence, logger=LOGGER)
