"""Which entries of CACHES make a store, and what is said about the others."""

from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings

from slipstream.errors import ConfigurationError
from slipstream.generations.stores import key_prefix, store_for

LOCAL = "django.core.cache.backends.locmem.LocMemCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
PYLIBMC = "django.core.cache.backends.memcached.PyLibMCCache"
REDIS = "django.core.cache.backends.redis.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"


class CacheOfASite(LocMemCache):
    """A subclass is as good as its base."""


@pytest.mark.parametrize(
    "entry",
    [
        {"BACKEND": LOCAL},
        {"BACKEND": MEMCACHED, "LOCATION": "cache:11211"},
        {"BACKEND": MEMCACHED, "LOCATION": "unix:/run/memcached.sock"},
        {"BACKEND": MEMCACHED, "LOCATION": ["one:11211", "two:11211"]},
        {"BACKEND": MEMCACHED, "LOCATION": "one:11211;two:11211"},
        {"BACKEND": PYLIBMC, "LOCATION": "cache:11211", "OPTIONS": {"behaviors": {"ketama": True}}},
        {"BACKEND": REDIS, "LOCATION": "redis://cache:6379"},
        {"BACKEND": DJANGO_REDIS, "LOCATION": ["redis://cache:6379/1"]},
        {"BACKEND": f"{__name__}.CacheOfASite"},
    ],
)
def test_no_server_is_asked_to_make_a_store(entry: dict[str, Any]) -> None:
    with override_settings(CACHES={"default": entry}):
        assert store_for("default") is store_for("default")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"BACKEND": "django.core.cache.backends.dummy.DummyCache"}, "no compare-and-swap"),
        ({"BACKEND": "django.core.cache.backends.db.DatabaseCache"}, "no compare-and-swap"),
        ({"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"}, "no compare-and-swap"),
        ({"BACKEND": MEMCACHED}, "names no server"),
        ({"BACKEND": PYLIBMC, "LOCATION": "a:1", "OPTIONS": {"username": "u"}}, "can't log in"),
        ({"BACKEND": REDIS, "LOCATION": "redis://a:1,redis://b:1"}, "names 2 servers"),
        ({"BACKEND": DJANGO_REDIS, "LOCATION": ["redis://a:1", "redis://b:1"]}, "names 2 servers"),
    ],
)
def test_other_caches_are_refused_in_one_line(entry: dict[str, Any], message: str) -> None:
    with (
        override_settings(CACHES={"default": entry}),
        pytest.raises(ConfigurationError, match=message) as caught,
    ):
        store_for("default")
    assert "CACHES['default']" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_alias_is_answered_with_the_nearest() -> None:
    with (
        override_settings(CACHES={"default": {"BACKEND": LOCAL}, "queries": {"BACKEND": LOCAL}}),
        pytest.raises(ConfigurationError, match=r"'query'.*did you mean 'queries'\?"),
    ):
        store_for("query")


def test_changed_settings_make_a_new_store() -> None:
    with override_settings(CACHES={"default": {"BACKEND": LOCAL}}):
        before = store_for("default")
        before.set("a", b"1", 60)
    with override_settings(CACHES={"default": {"BACKEND": LOCAL}}):
        assert store_for("default").get_many(["a"]) == {}


def test_key_prefix_keeps_apart_and_fits_memcached() -> None:
    prefixes = [key_prefix({"KEY_PREFIX": text}) for text in ("", "site", "a prefix, " * 50)]
    assert len(set(prefixes)) == 3
    assert prefixes[0] == "slipstream|"
    assert all(len(prefix) <= 50 and " " not in prefix for prefix in prefixes)
