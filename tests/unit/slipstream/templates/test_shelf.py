"""The shelf: what comes back from it, and what it does while its cache is in trouble."""

from typing import Any

import pytest
from django.test import override_settings

from slipstream import config
from slipstream.config import read
from slipstream.errors import NotApplicable
from slipstream.generations import stores
from slipstream.templates import shelf as shelves
from slipstream.templates.shelf import Shelf, add_shelf, check_shelf

from ..sessions.servers import closed_port

MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"


def test_what_was_put_comes_back_and_only_under_its_key(shelf: Shelf) -> None:
    shelf.put("t:a", b"one")
    shelf._store.set("t:b", shelf._store.get_many(["t:a"])["t:a"], 60)
    assert [shelf.get(key) for key in ("t:a", "t:b", "t:c")] == [b"one", None, None]
    assert shelf.counts == {"found": 1, "refused": 1, "missing": 1}


def test_what_was_fetched_at_once_is_not_asked_for_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    keys = [f"t:{number}" for number in range(150)]
    for key in keys:
        shelf.put(key, key.encode())
    get_many = shelf._store.get_many
    monkeypatch.setattr(
        shelf._store, "get_many", lambda some: asked.append(len(some)) or get_many(some)
    )
    with shelf.fetched([*keys, "t:none"]):
        assert [shelf.get(key) for key in [*keys, "t:none"]] == [*(k.encode() for k in keys), None]
    assert asked == [100, 51]
    assert shelf.get("t:0") == b"t:0"
    assert asked == [100, 51, 1]


def test_without_its_cache_nothing_is_found_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, "_installed", [read({}, {}, [])])
    with closed_port() as (host, port):
        entry = {"BACKEND": MEMCACHED, "LOCATION": f"{host}:{port}"}
        with override_settings(CACHES={"default": entry}):
            shelf = shelves.shelf()
            with shelf.fetched(["t:a"]):
                assert shelf.get("t:a") is None
            shelf.put("t:a", b"one")
            assert shelf.get("t:a") is None
            assert shelf.served() == 0
            assert shelf.counts["unavailable"] == 3
            stores.reset()


@pytest.mark.parametrize(
    ("caches", "found"),
    [
        ({"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, []),
        ({"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}, ["E030"]),
    ],
)
def test_a_cache_that_can_keep_nothing_is_found_by_a_check(
    monkeypatch: pytest.MonkeyPatch, caches: dict[str, Any], found: list[str]
) -> None:
    monkeypatch.setattr(config, "_installed", [read({}, {}, [])])
    with override_settings(CACHES=caches):
        assert [message.id for message in check_shelf()] == [f"slipstream.{name}" for name in found]


def test_the_cache_is_added_where_its_server_is_named_and_else_has_to_be_there() -> None:
    named = read({"TEMPLATES": {"CACHE": "compiled", "LOCATION": "cache:11211"}}, {}, [])
    settings: dict[str, Any] = {}
    add_shelf(settings, named, name="jinja2")
    assert settings["CACHES"]["compiled"] == {"BACKEND": MEMCACHED, "LOCATION": "cache:11211"}

    unnamed = read({"TEMPLATES": {"CACHE": "compiled"}}, {}, [])
    with pytest.raises(NotApplicable, match=r"'jinja2' has no cache.*'compiled'"):
        add_shelf({}, unnamed, name="jinja2")
