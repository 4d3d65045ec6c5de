"""After a write, by whatever way, the very next read says what was written."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction

from slipstream.querycache.cache import Cache

from .conftest import Started, queries, warmed
from .waiting import until


def sql(text: str, params: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def many(text: str, params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(text, params)


def save() -> None:
    user = User.objects.get(username="user1")
    user.first_name = "new"
    user.save()


def bulk_update() -> None:
    users = list(User.objects.all())
    for user in users:
        user.first_name = "new"
    User.objects.bulk_update(users, ["first_name"])


def atomic() -> None:
    with transaction.atomic(), transaction.atomic():
        User.objects.filter(username="user1").update(first_name="new")


def savepoint_rolled_back() -> None:
    with transaction.atomic():
        User.objects.filter(username="user1").update(first_name="new")
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="user1")


def begun_as_text() -> None:
    sql("BEGIN")
    sql("UPDATE auth_user SET first_name = 'new'")
    sql("COMMIT")


WRITES: dict[str, Callable[[], Any]] = {
    "save": save,
    "update": lambda: User.objects.filter(username="user1").update(first_name="new"),
    "create": lambda: User.objects.create(username="another"),
    "delete": lambda: User.objects.get(username="user1").delete(),
    "delete many": lambda: User.objects.filter(username__lt="user5").delete(),
    "bulk_create": lambda: User.objects.bulk_create([User(username="x"), User(username="y")]),
    "bulk_update": bulk_update,
    "update_or_create": lambda: User.objects.update_or_create(
        username="user1", defaults={"first_name": "new"}
    ),
    "upsert": lambda: User.objects.bulk_create(
        [User(username="user1", first_name="new")],
        update_conflicts=True,
        unique_fields=["username"],
        update_fields=["first_name"],
    ),
    "atomic": atomic,
    "savepoint rolled back": savepoint_rolled_back,
    "raw update": lambda: sql("UPDATE auth_user SET first_name = %s", ["new"]),
    "raw insert": lambda: many(
        "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email,"
        " is_staff, is_active, date_joined) VALUES (%s, '', 0, '', '', '', 0, 1, '2020-01-01')",
        [["x"], ["y"]],
    ),
    "raw delete": lambda: sql('DELETE FROM "auth_user" WHERE username = %s', ["user1"]),
    "raw with": lambda: sql(
        "WITH old AS (SELECT id FROM auth_user) UPDATE auth_user SET first_name = 'new' "
        "WHERE id IN (SELECT id FROM old)"
    ),
    "raw replace": lambda: sql("UPDATE OR REPLACE auth_user SET first_name = 'new'"),
    "begun as text": begun_as_text,
    "flush": lambda: call_command("flush", verbosity=0, interactive=False),
}

READS: dict[str, Callable[[], Any]] = {
    "list": lambda: [(u.username, u.first_name) for u in User.objects.order_by("pk")],
    "count": lambda: User.objects.filter(first_name="new").count() + User.objects.count() * 100,
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("write", WRITES)
def test_the_read_after_a_write_sees_it(
    cache: Cache,  # noqa: ARG001 - turned on
    write: str,
    read: str,
) -> None:
    ask = READS[read]
    until(lambda: queries(ask) == 0)
    before = ask()

    WRITES[write]()

    after = ask()
    assert after != before
    until(lambda: queries(ask) == 0)
    assert ask() == after


def test_a_row_that_was_not_written_stays_cached(cache: Cache) -> None:  # noqa: ARG001
    first, second = User.objects.order_by("pk").values_list("pk", flat=True)[:2]
    one, other = (lambda: User.objects.get(pk=first)), (lambda: User.objects.get(pk=second))
    until(lambda: queries(one) + queries(other) == 0)

    User.objects.filter(pk=first).update(first_name="new")

    assert queries(other) == 0
    assert one().first_name == "new"


def test_a_write_without_a_primary_key_drops_every_row(cache: Cache) -> None:  # noqa: ARG001
    key = User.objects.order_by("pk").values_list("pk", flat=True)[0]
    read = lambda: User.objects.get(pk=key).first_name  # noqa: E731
    until(lambda: queries(read) == 0)
    User.objects.filter(username="user0").update(first_name="new")
    assert read() == "new"


def test_a_row_looked_for_in_vain_is_found_once_it_is_there(cache: Cache) -> None:  # noqa: ARG001
    read = lambda: User.objects.filter(pk=4711).first()  # noqa: E731
    until(lambda: queries(read) == 0)
    assert read() is None
    User.objects.create(pk=4711, username="late")
    assert read() is not None


def test_counting_one_row_sees_that_it_was_inserted(cache: Cache) -> None:  # noqa: ARG001
    read = lambda: User.objects.filter(pk=4711).count()  # noqa: E731
    until(lambda: queries(read) == 0)
    User.objects.create(pk=4711, username="late")
    assert read() == 1


def test_a_deleted_row_is_gone(cache: Cache) -> None:  # noqa: ARG001
    user = User.objects.get(username="user1")
    read = lambda: User.objects.filter(pk=user.pk).first()  # noqa: E731
    until(lambda: queries(read) == 0)
    user.delete()
    assert read() is None


def test_a_quiet_column_leaves_lists_alone_and_drops_its_row(start: Started) -> None:
    warmed(start({"QUIET_COLUMNS": {"auth_user": ["last_name"]}}))
    key = User.objects.order_by("pk").values_list("pk", flat=True)[0]
    row = lambda: User.objects.get(pk=key).last_name  # noqa: E731
    lists = lambda: list(User.objects.all())  # noqa: E731
    until(lambda: queries(row) + queries(lists) == 0)

    User.objects.filter(pk=key).update(last_name="quiet")

    assert queries(lists) == 0
    assert row() == "quiet"


def test_many_to_many_changes_are_seen(cache: Cache) -> None:  # noqa: ARG001
    user, group = User.objects.get(username="user1"), Group.objects.create(name="staff")
    read = lambda: list(User.objects.filter(groups__name="staff"))  # noqa: E731
    until(lambda: queries(read) == 0)
    user.groups.add(group)
    assert read() == [user]
    until(lambda: queries(read) == 0)
    user.groups.clear()
    assert read() == []


def test_a_transaction_sees_its_own_writes_and_a_rollback_leaves_none(cache: Cache) -> None:  # noqa: ARG001
    read = lambda: User.objects.filter(first_name="new").count()  # noqa: E731
    until(lambda: queries(read) == 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012 - the block is the test
        User.objects.update(first_name="new")
        assert read() == 10
        raise ZeroDivisionError
    assert read() == 0
    assert queries(read) == 0


def test_on_commit_sees_what_was_committed(cache: Cache) -> None:  # noqa: ARG001
    seen = []
    read = lambda: User.objects.filter(first_name="new").count()  # noqa: E731
    until(lambda: queries(read) == 0)
    with transaction.atomic():
        User.objects.update(first_name="new")
        transaction.on_commit(lambda: seen.append(read()))
    assert seen == [10]


def test_a_schema_change_drops_everything(cache: Cache) -> None:  # noqa: ARG001
    read = lambda: list(User.objects.order_by("pk").values_list("username"))  # noqa: E731
    until(lambda: queries(read) == 0)
    sql("CREATE TABLE slipstream_passing (id integer)")
    try:
        assert queries(read) == 1
        until(lambda: queries(read) == 0)
    finally:
        sql("DROP TABLE slipstream_passing")


def test_a_write_through_a_trigger_is_seen(cache: Cache) -> None:  # noqa: ARG001
    sql(
        "CREATE TRIGGER slipstream_names AFTER INSERT ON auth_group "
        "BEGIN UPDATE auth_user SET first_name = 'new'; END"
    )
    try:
        read = lambda: User.objects.filter(first_name="new").count()  # noqa: E731
        until(lambda: queries(read) == 0)
        Group.objects.create(name="staff")
        assert read() == 10
    finally:
        sql("DROP TRIGGER slipstream_names")


def test_a_view_is_dropped_with_its_table(cache: Cache) -> None:  # noqa: ARG001
    sql("CREATE VIEW slipstream_active AS SELECT id FROM auth_user WHERE is_active")
    try:
        counted = User.objects.extra(tables=["slipstream_active"])
        read = lambda: counted.all().count()  # noqa: E731
        until(lambda: queries(read) == 0)
        User.objects.filter(username="user1").update(is_active=False)
        assert read() == 90
    finally:
        sql("DROP VIEW slipstream_active")


def test_a_write_by_another_models_key_of_the_same_table_drops_the_row(cache: Cache) -> None:  # noqa: ARG001
    memberships = User.groups.through.objects
    user = User.objects.earliest("pk")
    one, other = (Group.objects.create(name=name) for name in ("one", "other"))
    membership = memberships.create(pk=4711, user=user, group=one)
    meta = type("Meta", (), {"app_label": "auth", "db_table": "auth_user_groups", "managed": False})
    members = {"user_id": models.IntegerField(primary_key=True), "group_id": models.IntegerField()}
    by_user: Any = type(
        "ByUser", (models.Model,), {"__module__": __name__, "Meta": meta, **members}
    )
    try:
        read = lambda: memberships.get(pk=membership.pk).group_id  # noqa: E731
        until(lambda: queries(read) == 0)

        by_user.objects.filter(pk=user.pk).update(group_id=other.pk)

        assert read() == other.pk
    finally:
        del apps.all_models["auth"]["byuser"]
        apps.clear_cache()
