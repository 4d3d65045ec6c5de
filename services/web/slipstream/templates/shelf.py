"""Where what was compiled is kept for all processes: signed bytes under keys, in the cache of TEMPLATES.

What the bytes are is the business of `bytecode.py` and `loader.py`. No page fails for want of it:
whatever isn't found, isn't ours or can't be asked for is None, and counted.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.conf import settings as final
from django.core.checks import CheckMessage, Error
from django.core.signals import setting_changed

from slipstream.config import Config
from slipstream.errors import ConfigurationError
from slipstream.generations.signing import Signer
from slipstream.generations.stores import Store, StoreUnavailable, store_for
from slipstream.optimization import Settings
from slipstream.site import add_memcached
from slipstream.templates.settings import current

__all__ = ["Shelf", "add_shelf", "check_shelf", "shelf"]

KEYS_AT_ONCE = 100


class Shelf:
    """Signed bytes in a store.

    counts: in this process, by name: `found`, `missing`, `refused` (not signed by us for this key),
    `unavailable` (the cache couldn't be asked). `loader.py` adds `unreadable` and `unshareable`. Where
    both engines' templates are kept they are counted together.
    """

    def __init__(self, store: Store, signer: Signer, timeout_seconds: int) -> None:
        self._store = store
        self._signer = signer
        self._timeout_seconds = timeout_seconds
        self._fetched: dict[str, bytes] | None = None
        self.counts: Counter[str] = Counter()

    def get(self, key: str) -> bytes | None:
        """Return what was put there, or None."""
        fetched = self._fetched
        try:
            found = self._store.get_many([key]) if fetched is None else fetched
        except StoreUnavailable:
            self.counts["unavailable"] += 1
            return None
        value = found.get(key)
        payload = None if value is None else self._signer.opened(key, value)
        self.counts[_outcome(value, payload)] += 1
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Keep the bytes, if the cache can be asked and takes them."""
        try:
            self._store.set(key, self._signer.signed(key, payload), self._timeout_seconds)
        except StoreUnavailable:
            self.counts["unavailable"] += 1

    @contextmanager
    def fetched(self, keys: Iterable[str]) -> Iterator[None]:
        """Fetch these at once; meanwhile nothing else is found. For the time of booting."""
        self._fetched = self._fetch(keys)
        try:
            yield
        finally:
            self._fetched = None

    def _fetch(self, keys: Iterable[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        every = iter(keys)
        try:
            while some := list(islice(every, KEYS_AT_ONCE)):
                found |= self._store.get_many(some)
        except StoreUnavailable:
            self.counts["unavailable"] += 1
        return found

    def served(self) -> int | None:
        """Return how many keys the cache's servers say that they found; None without a server."""
        try:
            return self._store.served()
        except StoreUnavailable:
            return 0


def _outcome(value: bytes | None, payload: bytes | None) -> str:
    if value is None:
        return "missing"
    return "refused" if payload is None else "found"


_shelves: list[Shelf] = []
_making = threading.Lock()


def shelf() -> Shelf:
    """Return the one shelf of this process. Raises ConfigurationError."""
    with _making:
        if not _shelves:
            given = current()
            signer = Signer(final.SECRET_KEY)
            _shelves.append(Shelf(store_for(given.CACHE), signer, given.TIMEOUT_SECONDS))
        return _shelves[0]


def _forget(*, setting: str, **_kwargs: Any) -> None:
    if setting in ("CACHES", "SECRET_KEY", "SLIPSTREAM"):
        _shelves.clear()


setting_changed.connect(_forget, dispatch_uid=__name__)


def add_shelf(settings: Settings, config: Config, *, name: str) -> None:
    """Add the cache of TEMPLATES where the site doesn't have it. Raises NotApplicable.

    name: of the optimization that needs it.
    """
    given = config.templates
    add_memcached(settings, given.CACHE, given.LOCATION, group="TEMPLATES", name=name)


def check_shelf() -> Sequence[CheckMessage]:
    """Find a cache that can't keep what was compiled."""
    try:
        shelf()
    except ConfigurationError as error:
        alias = current().CACHE
        return [
            Error(
                f"SLIPSTREAM['TEMPLATES']['CACHE'] is {alias!r}: {error}",
                hint="Name an alias on memcached (PyMemcacheCache) or Redis.",
                id="slipstream.E030",
            )
        ]
    return []
