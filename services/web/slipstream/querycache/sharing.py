"""Counters that other processes can read: each process puts its own into the cache now and then.

`manage.py querycache stats` adds them up. What they count is `statistics.py`'s.
"""

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from slipstream.generations.items import Items
from slipstream.generations.stores import Change, StoreUnavailable
from slipstream.querycache.statistics import Table, report

__all__ = ["Publisher", "published", "reads"]

EVERY_SECONDS = 2.0
KEPT_SECONDS = 24 * 3600
INDEX = "s:index"
Report = dict[str, dict[str, Any]]


class Publisher:
    """Publishes the counters of this process, at most every few seconds.

    In a thread of its own each time: no request waits for it, or has its round trips counted.
    """

    def __init__(self, items: Items, tables: dict[str, Table], *, index: str = INDEX) -> None:
        self._items = items
        self._tables = tables
        self._index = index
        self._due = 0.0
        self._registered_by = 0

    def tick(self) -> None:
        """Publish if it is time to; called at every read, so nearly free when it isn't."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        threading.Thread(target=self.publish, name="slipstream-counters", daemon=True).start()

    def publish(self) -> None:
        """Publish now, in this thread."""
        try:
            self._put()
        except StoreUnavailable:
            return  # the counters go on, and are published later

    def _put(self) -> None:
        process = os.getpid()
        name = f"{self._index}|{self._items.space}|{socket.gethostname()}|{process}"
        key = self._items.key(name)
        payload = json.dumps(report(self._tables)).encode()
        self._items.store.set(key, self._items.signer.signed(key, payload), KEPT_SECONDS)
        if self._registered_by != process and self._register(name):
            self._registered_by = process

    def _register(self, name: str) -> bool:
        names, version = _index(self._items, self._index)
        if name in names:
            return True
        key = self._items.key(self._index)
        value = self._items.signer.signed(key, json.dumps([*names, name]).encode())
        change = Change(key=key, value=value, version=version)
        return self._items.store.exchange([change], ())[0] == [True]


def _index(items: Items, index: str) -> tuple[list[str], Any]:
    key = items.key(index)
    value, version = items.store.exchange((), [key])[1].get(key, (None, None))
    payload = None if value is None else items.signer.opened(key, value)
    return (json.loads(payload) if payload else []), version


def published(items: Items, index: str = INDEX) -> tuple[int, Report]:
    """Return how many processes published, and the sum of their counters by table.

    index: whose counters; by default the query cache's.

    Raises StoreUnavailable.
    """
    names, _ = _index(items, index)
    keys = {items.key(name) for name in names}
    found = items.store.get_many(sorted(keys))
    reports = [items.signer.opened(key, value) for key, value in found.items()]
    good = [json.loads(payload) for payload in reports if payload is not None]
    return len(good), _sum(good)


def reads(items: Items, leave_out: Collection[str] = (), *, index: str = INDEX) -> dict[str, int]:
    """Return what became of the reads of all processes that published, added up over tables.

    A read of several tables counts in each. All zero where the store doesn't answer.
    """
    try:
        _, tables = published(items, index)
    except StoreUnavailable:
        tables = {}
    counted = [one for name, one in tables.items() if name not in leave_out]
    return {
        "hits": sum(one["hits"] for one in counted),
        "misses": sum(one["misses"] + one["flux"] for one in counted),
        "bypasses": sum(sum(one["bypasses"].values()) for one in counted),
        "differences": sum(one["differences"] for one in counted),
    }


def _sum(reports: list[Report]) -> Report:
    total: Report = {}
    for one in reports:
        for table, counts in one.items():
            total[table] = _added(total.get(table, {}), counts)
    return dict(sorted(total.items()))


def _added(sum_so_far: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    added = dict(sum_so_far)
    for name, value in counts.items():
        if isinstance(value, dict):
            added[name] = dict(Counter(added.get(name, {})) + Counter(value))
        else:
            added[name] = added.get(name, 0) + value  # `busy`: in how many processes
    return added
