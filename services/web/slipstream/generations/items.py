"""The items of one database in one store: tags become keys, states become signed bytes.

What a state means is in `item.py`, who changes it when in `reading.py` and `writing.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from slipstream.generations import item as states
from slipstream.generations.item import Item
from slipstream.generations.signing import Signer
from slipstream.generations.stores import Asked, Change, Exchanged, Store

__all__ = ["MISSING", "AskedItems", "Items", "Versioned"]

MOST_KEYS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned:
    """An item as it was read, with what a compare-and-swap needs.

    `item` is None where it is missing, and where what is there isn't ours.
    """

    item: Item | None
    version: Any | None


MISSING = Versioned(item=None, version=None)

ExchangedItems = tuple[list[bool], dict[str, Versioned]]
"""Whether each change was made, and the items that were read after them, by tag."""


@dataclass(frozen=True, slots=True)
class AskedItems:
    """An exchange of items that is under way: either of the two is to be called, once."""

    asked: Asked
    read: Callable[[Exchanged], ExchangedItems]

    def answer(self) -> ExchangedItems:
        """Wait for the answer. Raises StoreUnavailable."""
        return self.read(self.asked.answer())

    def drop(self) -> None:
        """Do without the answer; the changes may have been made."""
        self.asked.drop()


class Items:
    """Reads and swaps items; raises StoreUnavailable where the store doesn't answer.

    space: names the database, the same for every alias onto it.
    """

    def __init__(self, store: Store, signer: Signer, *, space: str) -> None:
        self.store = store
        self.signer = signer
        self.space = space
        self._keys: dict[str, str] = {}
        self._verified: dict[str, tuple[bytes, Item]] = {}

    def key(self, tag: str) -> str:
        """Return the tag's key in the store."""
        found = self._keys.get(tag)
        if found is None:
            digest = blake2b(f"{self.space}\0{tag}".encode(), digest_size=16).hexdigest()
            if len(self._keys) > MOST_KEYS:
                self._keys.clear()
            found = self._keys[tag] = f"g:{digest}"
        return found

    def opened(self, tag: str, value: bytes | None) -> Item | None:
        """Return the item in a value of the store; None where it is missing or isn't ours.

        Bytes that were found right for this tag are right as long as they are the same.
        """
        if value is None:
            return None
        before = self._verified.get(tag)
        if before is not None and before[0] == value:
            return before[1]
        payload = self.signer.opened(self.key(tag), value)
        if payload is None:
            return None
        item = states.decode(payload)
        if len(self._verified) > MOST_KEYS:
            self._verified.clear()
        self._verified[tag] = (value, item)
        return item

    def sealed(self, tag: str, item: Item) -> bytes:
        """Return what the store is given for an item."""
        return self.signer.signed(self.key(tag), states.encode(item))

    def versions(self, tags: Sequence[str]) -> dict[str, Versioned]:
        """Return the items of these tags, each with its version, in one round trip."""
        return self.exchange((), tags)[1]

    def exchange(
        self, changes: Iterable[tuple[str, Item, Any | None]], tags: Sequence[str]
    ) -> ExchangedItems:
        """Compare-and-swap items, in order, and then read those of `tags`, in one round trip.

        Each change is a tag, its new item, and the version that it replaces; None: it must still be
        missing. Says of each whether it was made.
        """
        wanted = list(changes)
        told = self.changes(wanted)
        exchanged = self.store.exchange(told, [self.key(tag) for tag in tags])
        return self._read(wanted, told, tags, exchanged)

    def ask(
        self, changes: Iterable[tuple[str, Item, Any | None]], tags: Sequence[str]
    ) -> "AskedItems":
        """Send what `exchange` does; its answer is waited for later."""
        wanted = list(changes)
        told = self.changes(wanted)
        asked = self.store.ask(told, [self.key(tag) for tag in tags])
        return AskedItems(asked, lambda answer: self._read(wanted, told, tags, answer))

    def _read(
        self,
        wanted: Sequence[tuple[str, Item, Any | None]],
        told: Sequence[Change],
        tags: Sequence[str],
        exchanged: Exchanged,
    ) -> ExchangedItems:
        """Return what a store answered as items; what it was told needs no check of its signature."""
        done, found = exchanged
        ours = {one.value: item for one, (_tag, item, _old) in zip(told, wanted, strict=True)}
        read = {}
        for tag in tags:
            value, version = found.get(self.key(tag), (None, None))
            item = ours.get(value) if value in ours else self.opened(tag, value)
            read[tag] = Versioned(item=item, version=version)
        return done, read

    def changes(self, wanted: Iterable[tuple[str, Item, Any | None]]) -> list[Change]:
        """Return what the store is told to make a change of each: tag, new item, old version."""
        return [
            Change(key=self.key(tag), value=self.sealed(tag, item), version=version)
            for tag, item, version in wanted
        ]

    def drop(self, tags: Iterable[str]) -> None:
        """Delete the items of these tags."""
        for tag in tags:
            self.store.delete(self.key(tag))
