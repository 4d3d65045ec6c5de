"""A lookup by a unique key other than the primary one depends on the row that it found."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import F, Q, Value

from slipstream.querycache.cache import Cache
from slipstream.querycache.hints import MOST_HINTS, Hints

from .conftest import Started, queries, warmed
from .staff import Badge, Person, staff
from .test_querycache_writes import many, sql
from .waiting import until

Read = Callable[[], Any]


def ann() -> tuple[Any, ...] | None:
    """Look up one user among the others."""
    return User.objects.filter(username="user1").values_list("pk", "username", "first_name").first()


def first_name() -> str:
    return User.objects.get(username="user1").first_name


def write_another() -> None:
    """Write a row that no lookup here is about."""
    User.objects.filter(pk=key_of("user9")).update(first_name=F("username"))


def key_of(username: str) -> int:
    return User.objects.values_list("pk", flat=True).get(username=username)


def settled(read: Read, write: Callable[[], None] = write_another) -> Read:
    """Return a read that has depended on its row for a while: at first it depends on its table."""
    until(lambda: queries(read) == 0)
    write()
    until(lambda: queries(read) == 0)
    return read


@pytest.fixture
def people(cache: Cache) -> Iterator[list[Person]]:  # noqa: ARG001 - turned on
    with staff():
        yield [
            Person.objects.create(
                code=name, name=name, number=number, desk=name, room=number, weight=number
            )
            for number, name in enumerate(["ann", "bob", "cleo"])
        ]


def test_updates_of_other_rows_leave_a_lookup_by_username_alone(cache: Cache) -> None:  # noqa: ARG001
    read = settled(first_name)
    write_another()
    assert queries(read) == 0
    User.objects.create(username="late")
    assert queries(read) == 0
    User.objects.get(username="late").delete()
    assert queries(read) == 0


def test_a_lookup_is_cached_from_its_second_time_on(cache: Cache) -> None:  # noqa: ARG001
    assert [queries(first_name) for _ in range(3)] == [1, 0, 0]


def test_an_update_of_the_row_drops_the_lookup(cache: Cache) -> None:  # noqa: ARG001
    read, key = settled(first_name), key_of("user1")
    for name in ("one", "two"):
        User.objects.filter(pk=key).update(first_name=name)
        assert read() == name
        assert queries(read) == 0


def swap() -> None:
    one, other = key_of("user1"), key_of("user2")
    with transaction.atomic():
        User.objects.filter(pk=one).update(username="passing")
        User.objects.filter(pk=other).update(username="user1")
        User.objects.filter(pk=one).update(username="user2")


def delete_and_create() -> None:
    User.objects.get(username="user1").delete()
    User.objects.create(username="user1", first_name="another")


def bulk_update() -> None:
    users = list(User.objects.all())
    for user in users:
        user.first_name = "new"
    User.objects.bulk_update(users, ["first_name"])


def upsert() -> None:
    User.objects.bulk_create(
        [User(username="user1", first_name="new")],
        update_conflicts=True,
        unique_fields=["username"],
        update_fields=["first_name"],
    )


INSERT = (
    " INTO auth_user (username, password, is_superuser, first_name, last_name, email,"
    " is_staff, is_active, date_joined) VALUES (%s, '', 0, 'new', '', '', 0, 1, '2020-01-01')"
)

WRITES: dict[str, Callable[[], Any]] = {
    "rename by primary key": lambda: User.objects.filter(pk=key_of("user1")).update(username="x"),
    "rename by username": lambda: User.objects.filter(username="user1").update(username="x"),
    "swap": swap,
    "delete": lambda: User.objects.get(username="user1").delete(),
    "delete many": lambda: User.objects.filter(username__lt="user5").delete(),
    "delete and create": delete_and_create,
    "bulk_update": bulk_update,
    "upsert": upsert,
    "update of all": lambda: User.objects.update(first_name="new"),
    "raw update": lambda: sql("UPDATE auth_user SET first_name = 'new' WHERE username = 'user1'"),
    "raw delete": lambda: sql("DELETE FROM auth_user WHERE username = 'user1'"),
    "raw replace": lambda: sql(f"INSERT OR REPLACE{INSERT}", ["user1"]),
    "raw replace many": lambda: many(f"REPLACE{INSERT}", [["user1"], ["user2"]]),
}


@pytest.mark.parametrize("write", WRITES)
def test_the_lookup_after_a_write_sees_it(cache: Cache, write: str) -> None:  # noqa: ARG001
    read = settled(ann)
    before = read()
    WRITES[write]()
    after = read()
    assert after != before
    until(lambda: queries(read) == 0)
    assert read() == after


EMPTY: dict[str, Callable[[], Any]] = {
    "create": lambda: User.objects.create(username="late"),
    "bulk_create": lambda: User.objects.bulk_create([User(username="late")]),
    "rename by primary key": lambda: User.objects.filter(pk=key_of("user1")).update(
        username="late"
    ),
    "raw insert": lambda: sql(f"INSERT{INSERT}", ["late"]),
}


@pytest.mark.parametrize("write", EMPTY)
def test_what_is_looked_up_in_vain_is_found_once_it_is_there(cache: Cache, write: str) -> None:  # noqa: ARG001
    read = settled(lambda: User.objects.filter(username="late").first())
    assert read() is None
    EMPTY[write]()
    assert read() is not None


def test_a_lookup_that_finds_another_row_than_before_follows_that(cache: Cache) -> None:  # noqa: ARG001
    read = settled(first_name)
    delete_and_create()
    settled(read)
    write_another()
    assert queries(read) == 0
    User.objects.filter(pk=key_of("user1")).update(first_name="newer")
    assert read() == "newer"


def test_a_process_that_knows_nothing_of_the_row_looks_it_up_by_itself(cache: Cache) -> None:
    read, key = settled(first_name), key_of("user1")
    known, cache.hints = cache.hints, Hints()
    assert read() == ""
    cache.hints = known
    User.objects.filter(pk=key).update(first_name="new")
    assert read() == "new"
    cache.hints = Hints()
    assert read() == "new"


def test_what_a_process_remembers_wrongly_is_not_believed(cache: Cache) -> None:
    read, key, other = settled(first_name), key_of("user1"), key_of("user2")
    hints = list(cache.hints._rows)
    for name in ("one", "two", "three"):
        User.objects.filter(pk=key).update(first_name=name)
        for _ in range(2):
            for entry_key in hints:
                cache.hints.note(entry_key, str(other))
            assert read() == name


def test_no_more_rows_are_remembered_than_the_bound_and_the_newest_are() -> None:
    hints = Hints()
    for number in range(MOST_HINTS + 5):
        hints.note(f"q:{number}", str(number))
    assert hints.get("q:4") is None
    assert hints.get("q:5") == "5"
    hints.note("q:5", None)
    assert hints.get("q:5") is None


BY_A_ROW: dict[str, Read] = {
    "get": lambda: Person.objects.get(code="ann"),
    "first of a filter": lambda: Person.objects.filter(code="ann").first(),
    "more conditions": lambda: list(Person.objects.filter(code="ann", room__lt=5)),
    "by a constraint": lambda: Person.objects.get(number=1),
    "values with the primary key": lambda: list(
        Person.objects.filter(code="ann").values_list("name", "pk")
    ),
    "one to one": lambda: Badge.objects.get(person=1),
    "one to one, the other way": lambda: Person.objects.get(pk=1).badge,
    "by a constraint on a nullable column": lambda: Badge.objects.get(serial=7),
}

BY_THE_TABLE: dict[str, Read] = {
    "without regard to case": lambda: Person.objects.get(code__iexact="ann"),
    "values without the primary key": lambda: list(
        Person.objects.filter(code="ann").values_list("name")
    ),
    "another column's value": lambda: list(Person.objects.filter(code=F("desk"), room=0)),
    "an expression": lambda: Person.objects.get(code=Value("ann")),
    "not": lambda: list(Person.objects.filter(room=1).exclude(code="ann")),
    "or": lambda: list(Person.objects.filter(Q(code="ann") | Q(code="nobody"))),
    "or of two queries": lambda: list(
        Person.objects.filter(code="ann")
        | Person.objects.filter(code="nobody")
        | Person.objects.filter(code="no one")
    ),
    "in": lambda: list(Person.objects.filter(code__in=["ann"])),
    "a constraint with a condition": lambda: Person.objects.get(desk="ann"),
    "one column of a constraint on two": lambda: Person.objects.get(floor=0, room=1),
    "a number with a fraction": lambda: Person.objects.get(weight=1.0),
    "count": lambda: Person.objects.filter(code="ann").count(),
    "of another table": lambda: Badge.objects.get(person__code="ann"),
    "a row joined to another": lambda: Person.objects.select_related("boss").get(code="ann"),
}


@pytest.mark.parametrize("name", [*BY_A_ROW, *BY_THE_TABLE])
def test_only_one_value_of_a_unique_column_asks_for_a_row(
    people: list[Person],
    name: str,
) -> None:
    Badge.objects.create(person=people[0], label="of ann", serial=7)
    Badge.objects.create(person=people[2], label="of cleo", serial=9)
    read = settled({**BY_A_ROW, **BY_THE_TABLE}[name], write_cleo)
    write_cleo()
    assert (queries(read) == 0) is (name in BY_A_ROW)


def write_cleo() -> None:
    """Write rows by primary key, so that but these rows and their tables are touched."""
    Person.objects.filter(pk=3).update(name=F("name"))
    badge = Badge.objects.values_list("pk", flat=True).get(label="of cleo")
    Badge.objects.filter(pk=badge).update(label="of cleo")


def test_a_lookup_with_a_join_depends_on_the_joined_tables_too(people: list[Person]) -> None:
    Badge.objects.create(person=people[0], serial=7)
    Badge.objects.create(person=people[2], label="of cleo")
    read = settled(
        lambda: Badge.objects.select_related("person").get(serial=7).person.name,
        lambda: None,
    )
    Person.objects.filter(pk=people[0].pk).update(name="new")
    assert read() == "new"
    Badge.objects.filter(label="of cleo").update(person=people[1])
    assert read() == "new"


def test_without_a_unique_index_a_models_word_is_not_taken(people: list[Person]) -> None:
    sql("DROP TABLE staff_badge")
    sql("CREATE TABLE staff_badge (id char(32), person_id integer, label text, serial integer)")
    Badge.objects.create(person=people[0])
    Badge.objects.create(person=people[2], label="of cleo")
    read = settled(lambda: len(Badge.objects.filter(person=people[0])), write_cleo)
    assert read() == 1
    Badge.objects.create(person=people[0])
    assert read() == 2


def test_quiet_columns_show_in_a_lookup_of_their_row(start: Started) -> None:
    warmed(start({"QUIET_COLUMNS": {"auth_user": ["last_name"]}}))
    read = lambda: User.objects.get(username="user1").last_name  # noqa: E731
    key = key_of("user1")
    for name in ("one", "two", "three"):
        User.objects.filter(pk=key).update(last_name=name)
        assert read() == name
        until(lambda: queries(read) == 0)


def test_a_group_by_name_stays_while_others_are_made(cache: Cache) -> None:  # noqa: ARG001
    Group.objects.create(name="staff")
    read = settled(lambda: Group.objects.get(name="staff"), make_groups)
    make_groups()
    assert queries(read) == 0


def make_groups() -> None:
    Group.objects.create(name=f"group{Group.objects.count()}")
