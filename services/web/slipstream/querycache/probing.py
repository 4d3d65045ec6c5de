"""How the probe of a cache looks: it asks for one thing again until nothing has to be made for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from slipstream.generations.reading import LIFT_AFTER
from slipstream.generations.stores import Store, StoreUnavailable

__all__ = ["Repeated", "asked_again"]

PAUSE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """made: how often it was made anew for who asked again. served: keys that the server found."""

    made: int
    served: int | None
    served_before: int | None

    @property
    def in_force(self) -> bool:
        """Say whether it came from the server; memory of the process has none."""
        return self.made == 0 and (self.served is None or self.served > (self.served_before or 0))


def asked_again(made: Callable[[], int], store: Store, *, hold_seconds: float) -> Repeated:
    """Ask until nothing is made; a cache that came back empty is quarantined for so long.

    made: asks twice, and returns how often the second one was made anew.
    """
    deadline = time.monotonic() + 2 * LIFT_AFTER * hold_seconds + 1
    before = _served(store)
    count = made()
    while count and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        count = made()
    return Repeated(made=count, served=_served(store), served_before=before)


def _served(store: Store) -> int | None:
    try:
        return store.served()
    except StoreUnavailable:  # what was asked says the same
        return 0
