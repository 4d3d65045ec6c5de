"""What is answered from the cache, and what isn't because nobody could tell that it is still true."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import (
    BinaryField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    TextChoices,
    Value,
)
from django.db.models.functions import Lower, Now, Random, Upper

from slipstream.querycache.cache import Cache

from .conftest import Started, queries, warmed
from .waiting import until


class Name(TextChoices):
    FIRST = "user1"


CACHED: dict[str, Callable[[], Any]] = {
    "list": lambda: list(User.objects.all()),
    "get by primary key": lambda: User.objects.get(username="user1"),
    "filter and order": lambda: list(User.objects.filter(username__gt="user3").order_by("-pk")),
    "slice": lambda: list(User.objects.order_by("pk")[2:5]),
    "values": lambda: list(User.objects.values("pk", "username")),
    "values_list": lambda: list(User.objects.values_list("username", flat=True)),
    "count": User.objects.count,
    "exists": lambda: User.objects.filter(username="user2").exists(),
    "aggregate": lambda: User.objects.aggregate(Max("pk")),
    "annotation": lambda: list(User.objects.annotate(groups_=Count("groups"))),
    "function": lambda: list(User.objects.annotate(upper=Upper(Lower("username")))),
    "subquery": lambda: list(
        User.objects.annotate(g=Subquery(Group.objects.values("name")[:1])).values_list("g")
    ),
    "exists subquery": lambda: list(
        User.objects.filter(Exists(Group.objects.filter(user=OuterRef("pk"))))
    ),
    "union": lambda: list(
        User.objects.values_list("username").union(Group.objects.values_list("name"))
    ),
    "select_related": lambda: list(Permission.objects.select_related("content_type")[:3]),
    "prefetch_related": lambda: list(User.objects.prefetch_related("groups__permissions")),
    "many to many": lambda: list(User.objects.filter(groups__name="staff")),
    "dates": lambda: list(User.objects.dates("date_joined", "year")),
    "in_bulk": User.objects.in_bulk,
    "condition": lambda: list(User.objects.filter(Q(is_staff=True) | Q(pk__lt=3))),
    "enum": lambda: list(User.objects.filter(username=Name.FIRST)),
    "binary": lambda: list(
        User.objects.filter(pk__in=[1]).annotate(v=Value(b"\0\xff", output_field=BinaryField()))
    ),
    "empty": lambda: list(User.objects.filter(username="nobody")),
    "none": lambda: list(User.objects.filter(pk__in=[])),
    "async": lambda: asyncio.run(_all_users()),
}


async def _all_users() -> list[User]:
    return [user async for user in User.objects.filter(is_active=True)]


@pytest.mark.parametrize("name", [name for name in CACHED if name != "async"])
def test_a_repeated_read_asks_the_database_nothing_and_says_the_same(
    cache: Cache,  # noqa: ARG001 - turned on
    name: str,
) -> None:
    read = CACHED[name]
    expected = read()
    until(lambda: queries(read) == 0)
    assert read() == expected


NEVER: dict[str, tuple[Callable[[], Any], str]] = {
    "now": (lambda: list(User.objects.annotate(now=Now())), "the function strftime()"),
    "random": (lambda: list(User.objects.annotate(r=Random())), "the function rand()"),
    "random order": (lambda: list(User.objects.order_by("?")), "the function rand()"),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_no_pure_function_of_the_tables_is_not_cached_and_counted(
    cache: Cache, name: str
) -> None:
    read, reason = NEVER[name]
    for _ in range(3):
        assert queries(read) == 1
    reasons = {why.lower() for why in cache.table("auth_user").bypasses}
    assert any(reason.lower() in why for why in reasons), reasons


def test_an_iterator_is_read_from_the_database(cache: Cache) -> None:  # noqa: ARG001
    for _ in range(2):
        assert queries(lambda: list(User.objects.iterator())) == 1


def test_while_an_iterator_is_open_on_sqlite_nothing_is_stored(cache: Cache) -> None:
    rows = User.objects.iterator(chunk_size=1)
    next(rows)
    for _ in range(2):
        assert queries(lambda: list(User.objects.all())) == 1
    rows.close()
    assert queries(lambda: list(User.objects.all())) == 0
    assert cache.table("(none)").bypasses["an open iterator() on SQLite"] == 2


def test_inside_a_transaction_of_sqlite_nothing_is_read_or_stored(cache: Cache) -> None:  # noqa: ARG001
    with transaction.atomic():
        assert queries(lambda: list(User.objects.all())) == 1
    assert queries(lambda: list(User.objects.all())) == 0


@pytest.mark.parametrize("changed", [True, False])
def test_parameters_of_another_type_have_entries_of_their_own(
    cache: Cache,  # noqa: ARG001
    changed: bool,
) -> None:
    ask = User.objects.filter(pk__gt=0).annotate(v=Value(1)).values_list("v")
    other = User.objects.filter(pk__gt=0).annotate(v=Value(True if changed else 1)).values_list("v")
    list(ask)
    until(lambda: queries(lambda: list(ask.all())) == 0)
    assert (queries(lambda: list(other)) == 0) is not changed


def test_a_table_in_exclude_is_not_cached(start: Started) -> None:
    cache = warmed(start(EXCLUDE=["auth_group"]))
    for _ in range(3):
        assert queries(lambda: list(Group.objects.all())) == 1
    assert cache.table("auth_group").bypasses["a table in EXCLUDE"] == 3


def test_with_reads_off_a_process_reads_past_the_cache_and_keeps_it_true(start: Started) -> None:
    warmed(start())
    assert queries(User.objects.count) == 1
    cache = start(READS=False)
    assert [queries(User.objects.count) for _ in range(3)] == [1, 1, 1]
    User.objects.create(username="late")
    assert cache.table("(none)").bypasses["READS is off"] == 3
    assert cache.table("auth_user").invalidations == 1


def test_an_entry_over_the_limit_is_not_stored(start: Started) -> None:
    cache = start(MAX_ENTRY_BYTES=300, COMPRESS_ABOVE_BYTES=10_000_000)
    User.objects.bulk_create([User(username=f"user{number}") for number in range(10)])
    read = User.objects.filter(username="user1").values_list("pk")
    until(lambda: queries(lambda: list(read.all())) == 0)
    for _ in range(2):
        assert queries(lambda: list(User.objects.all())) == 1
    assert cache.table("auth_user").bypasses["an entry over MAX_ENTRY_BYTES"] >= 1


def test_a_compressed_entry_comes_back_as_it_was(start: Started) -> None:
    warmed(start(COMPRESS_ABOVE_BYTES=1))
    assert [user.username for user in User.objects.order_by("pk")] == [
        f"user{number}" for number in range(10)
    ]
    assert queries(lambda: list(User.objects.order_by("pk"))) == 0


def test_a_table_that_is_written_more_than_read_bypasses_itself_until_that_is_over(
    cache: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(120):
        Group.objects.create(name=f"group{number}")
    assert cache.table("auth_group").busy
    assert "'auth_group' is written more than read" in caplog.text
    assert queries(Group.objects.count) == 1
    assert cache.table("auth_group").bypasses["written more than read"] == 1
    until(lambda: queries(Group.objects.count) == 0)
    assert "'auth_group' is cached again" in caplog.text


def test_the_admins_content_types_survive_an_update_of_users(cache: Cache) -> None:  # noqa: ARG001
    read = ContentType.objects.order_by("pk").values_list("model")
    until(lambda: queries(lambda: list(read.all())) == 0)
    User.objects.update(last_login=datetime(2020, 1, 1, tzinfo=UTC), first_name=F("username"))
    assert queries(lambda: list(read.all())) == 0
    assert connection.vendor == "sqlite"
