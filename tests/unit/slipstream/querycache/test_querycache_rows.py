"""What a row is looked up by pins it, but other rows of its table may come into the result, too."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection

from slipstream.querycache.cache import Cache

from .conftest import queries
from .staff import Person, staff
from .test_querycache_writes import sql
from .waiting import until


@pytest.fixture
def people(cache: Cache) -> Iterator[list[Person]]:  # noqa: ARG001 - turned on
    """Return a boss and one whose boss that is."""
    with staff():
        boss = Person.objects.create(code="boss", name="boss", number=1, room=1)
        yield [boss, Person.objects.create(code="ann", name="ann", number=2, room=2, boss=boss)]


def cached(read: Callable[[], Any]) -> Callable[[], Any]:
    until(lambda: queries(read) == 0)
    return read


def test_a_row_joined_to_another_of_its_table_depends_on_both(people: list[Person]) -> None:
    boss, ann = people
    read = cached(lambda: Person.objects.select_related("boss").get(pk=ann.pk).boss.name)
    Person.objects.filter(pk=boss.pk).update(name="new")
    assert read() == "new"


def test_a_row_joined_to_a_view_over_its_table_depends_on_that(people: list[Person]) -> None:
    boss, ann = people
    Person.objects.filter(pk=ann.pk).update(all_people=1)
    read = cached(lambda: Person.objects.select_related("all_people").get(pk=ann.pk).all_people)
    assert "new" not in read().names
    Person.objects.filter(pk=boss.pk).update(name="new")
    assert "new" in read().names


def test_a_row_beside_a_view_named_by_hand_depends_on_that(cache: Cache) -> None:  # noqa: ARG001
    first, second = User.objects.order_by("pk")[:2]
    sql("CREATE VIEW slipstream_named AS SELECT first_name FROM auth_user WHERE first_name > ''")
    try:
        User.objects.filter(pk=second.pk).update(first_name="old")
        joined = User.objects.extra(tables=["slipstream_named"]).filter(pk=first.pk)
        read = cached(lambda: len(joined.all()))
        User.objects.filter(pk=second.pk).update(first_name="")
        assert read() == 0
    finally:
        sql("DROP VIEW slipstream_named")


@pytest.mark.parametrize("word", ["SELECT", "select"])
def test_a_row_beside_a_subquery_written_by_hand_depends_on_its_table(
    cache: Cache,  # noqa: ARG001
    word: str,
) -> None:
    first, second = User.objects.order_by("pk")[:2]
    User.objects.filter(pk=second.pk).update(first_name="old")
    condition = f"exists ({word} 1 from auth_user u where u.first_name = 'old')"
    read = cached(lambda: len(User.objects.filter(pk=first.pk).extra(where=[condition])))  # noqa: S610 # ours
    User.objects.filter(pk=second.pk).update(first_name="new")
    assert read() == 0


def test_a_write_of_a_row_whose_trigger_writes_another_drops_that(people: list[Person]) -> None:
    boss, ann = people
    sql(
        "CREATE TRIGGER staff_names AFTER UPDATE ON staff_person WHEN new.name = 'new'"
        " BEGIN UPDATE staff_person SET name = 'of a new boss' WHERE boss_id = new.id; END"
    )
    read = cached(lambda: Person.objects.get(pk=ann.pk).name)
    Person.objects.filter(pk=boss.pk).update(name="new")
    assert read() == "of a new boss"


INSERTS: dict[str, Callable[[], Any]] = {
    "orm": lambda: Group.objects.create(name="new"),
    "raw": lambda: sql("INSERT INTO auth_group (name) VALUES ('new')"),
}


@pytest.mark.parametrize("insert", INSERTS)
def test_an_insert_whose_trigger_updates_another_table_drops_its_rows(
    people: list[Person], insert: str
) -> None:
    sql(
        "CREATE TRIGGER staff_groups AFTER INSERT ON auth_group"
        " BEGIN UPDATE staff_person SET name = new.name; END"
    )
    try:
        read = cached(lambda: Person.objects.get(pk=people[1].pk).name)
        INSERTS[insert]()
        assert read() == "new"
    finally:
        sql("DROP TRIGGER staff_groups")


def test_a_row_that_goes_with_another_of_its_table_is_dropped(cache: Cache) -> None:  # noqa: ARG001
    with staff():
        _make_again("REFERENCES staff_person (id) ON DELETE CASCADE")
        boss = Person.objects.create(code="boss", number=1)
        ann = Person.objects.create(code="ann", number=2, boss=boss)
        read = cached(lambda: Person.objects.filter(pk=ann.pk).exists())
        row = cached(lambda: list(Person.objects.filter(pk=ann.pk)))
        Person.objects.filter(pk=boss.pk)._raw_delete(connection.alias)  # type: ignore[attr-defined]
        assert not read()
        assert row() == []


def test_a_row_that_an_insert_replaces_is_dropped(cache: Cache) -> None:  # noqa: ARG001
    with staff():
        _make_again("", code="UNIQUE ON CONFLICT REPLACE")
        ann = Person.objects.create(code="ann")
        row = cached(lambda: list(Person.objects.filter(pk=ann.pk)))
        Person.objects.create(code="ann")
        assert row() == []


def _make_again(boss: str, code: str = "") -> None:
    """Put a table of other constraints in the place of the model's."""
    sql("DROP TABLE staff_person")
    sql(
        "CREATE TABLE staff_person (id integer PRIMARY KEY AUTOINCREMENT,"
        f" code varchar(50) {code}, number integer, desk varchar(20), floor integer, room integer,"
        f" weight real, name varchar(20), boss_id integer {boss}, all_people_id integer)"
    )
