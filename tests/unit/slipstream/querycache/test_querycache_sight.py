"""What an operator sees: counters over all processes, an explanation, signals, system checks."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import override_settings

from slipstream.querycache import signals
from slipstream.querycache.cache import Cache
from slipstream.querycache.checks import check_query_cache

from .conftest import Started, queries, warmed
from .waiting import until


def said(*words: str) -> str:
    out = StringIO()
    call_command("querycache", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def command(settings: Any) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "slipstream.querycache"]


def test_stats_adds_up_what_the_processes_published(
    cache: Cache,
    command: None,  # noqa: ARG001 - installed
) -> None:
    def hits() -> int:
        told = json.loads(said("stats"))
        return int(told["tables"].get("auth_user", {"hits": 0})["hits"])

    cache.publisher._due = 0.0
    list(User.objects.all())
    until(lambda: hits() == cache.table("auth_user").hits > 0)
    told = json.loads(said("stats"))
    assert told["processes"] == 1
    assert told["tables"]["auth_user"]["invalidations"] == 1


def test_explain_says_which_tables_a_query_reads_and_what_is_not_pure(
    cache: Cache,  # noqa: ARG001
    command: None,  # noqa: ARG001
) -> None:
    told = json.loads(said("explain", "SELECT random() FROM auth_user u JOIN auth_group g ON 1"))
    assert told["tables"] == ["auth_group", "auth_user"]
    assert told["functions_not_known_as_pure"] == ["random"]


def test_clear_names_the_databases(cache: Cache, command: None) -> None:  # noqa: ARG001
    until(lambda: queries(User.objects.count) == 0)
    assert said("clear") == "nothing cached of default is used any more\n"
    assert queries(User.objects.count) == 1


def test_an_unknown_database_is_one_line(cache: Cache, command: None) -> None:  # noqa: ARG001
    with pytest.raises(CommandError, match="unknown database 'nope': choose from default"):
        said("stats", "--database", "nope")


def test_signals_tell_hits_misses_and_invalidations(cache: Cache) -> None:  # noqa: ARG001
    seen: list[str] = []
    heard = {
        "hit": signals.hit,
        "missed": signals.missed,
        "invalidated": signals.invalidated,
    }
    for name, signal in heard.items():
        signal.connect(lambda name=name, **_: seen.append(name), weak=False, dispatch_uid="t")
    try:
        User.objects.update(first_name="new")
        until(lambda: queries(User.objects.count) == 0)
    finally:
        for signal in heard.values():
            signal.disconnect(dispatch_uid="t")
    assert seen == ["invalidated", "missed", "hit"]


def ids() -> set[str]:
    return {str(message.id).rpartition(".")[2] for message in check_query_cache()}


def test_checks_warn_of_local_memory_and_refuse_what_has_no_compare_and_swap(
    start: Started,
) -> None:
    start()
    assert ids() == {"W001"}
    with override_settings(CACHES={"default": {"BACKEND": DUMMY}}):
        assert ids() == {"E001"}
    with override_settings(CACHES={"default": {"BACKEND": MEMCACHED, "LOCATION": "h:1"}}):
        assert ids() == set()


DUMMY = "django.core.cache.backends.dummy.DummyCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"


@pytest.mark.parametrize(
    ("generations", "expected"),
    [({"CACHE_DOWN": "hope"}, "E002"), ({"HOLD_SECONDS": 0.0}, "E003")],
)
def test_checks_refuse_settings_that_cannot_hold(
    start: Started, generations: dict[str, Any], expected: str
) -> None:
    start(generations)
    assert expected in ids()


def test_a_warm_cache_says_so(start: Started) -> None:
    cache = warmed(start())
    assert cache.table("auth_user").hits >= 1
