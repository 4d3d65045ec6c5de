"""The store in local memory: what every store owes, and its bounds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import override_settings

import slipstream
from slipstream.generations.stores import Store, store_for
from slipstream.generations.stores.local import LocalStore

from .store_contract import StoreContract

BACKEND = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def store() -> Iterator[Store]:
    caches_of_a_site = {
        "default": {"BACKEND": BACKEND},
        "same": {"BACKEND": BACKEND},
        "other place": {"BACKEND": BACKEND, "LOCATION": "elsewhere"},
        "other prefix": {"BACKEND": BACKEND, "KEY_PREFIX": "site"},
    }
    with override_settings(CACHES=caches_of_a_site):
        yield store_for("default")


class TestLocalStore(StoreContract):
    """All of them."""

    has_server = False


def test_aliases_onto_one_memory_share_a_store(store: Store) -> None:
    store.set("a", b"1", 60)
    assert store_for("same").get_many(["a"]) == {"a": b"1"}
    assert store_for("other place").get_many(["a"]) == {}
    assert store_for("other prefix").get_many(["a"]) == {}


def test_djangos_cache_neither_sees_nor_clears_it(store: Store) -> None:
    store.set("a", b"1", 60)
    caches["default"].clear()
    assert store.get_many(["a"]) == {"a": b"1"}
    assert caches["default"].get("a") is None


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    store = LocalStore(max_entries=2)
    store.set("old", b"1", 60)
    store.set("asked for", b"1", 60)
    store.get_many(["old"])
    store.set("new", b"1", 60)
    assert store.get_many(["old", "asked for", "new"]) == {"old": b"1", "new": b"1"}


def test_a_forked_process_starts_empty_even_while_the_lock_is_held() -> None:
    command = [sys.executable, str(Path(__file__).parent / "forking_local_store.py")]
    environment = {"PYTHONPATH": str(Path(slipstream.__file__).parents[1]), "PATH": ""}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    assert json.loads(done.stdout) == {"child": [], "parent": ["a"]}
