"""Kept SQL: a query gets the SQL that Django makes of it, however many like it there were before."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connections, models
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.db.models.lookups import GreaterThan
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from campus.models import College, Dorm, Profile
from slipstream.querycache.cache import Cache
from slipstream.querycache.reads import _compiled
from slipstream.querycache.statements import Statements

from .conftest import Started, queries, warmed
from .staff import Person, staff
from .waiting import until


class Note(models.Model):
    """About anything."""

    text = models.CharField(max_length=20)
    object_id = models.PositiveIntegerField()
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    about = GenericForeignKey()

    class Meta:
        app_label = "notes"

    def __str__(self) -> str:
        return self.text


class Noted(models.Model):
    """Joined to its notes by a condition that has a value."""

    notes = GenericRelation(Note)

    class Meta:
        app_label = "notes"

    def __str__(self) -> str:
        return ""


Make = Callable[[int], "QuerySet[Any, Any]"]
users, profiles, dorms = User.objects, Profile.objects, Dorm.objects

KEPT: dict[str, Make] = {
    "all": lambda _: users.all(),
    "by primary key": lambda n: users.filter(pk=n),
    "by another column": lambda n: users.filter(username=f"user{n}"),
    "by a column beside it": lambda n: users.filter(first_name=f"user{n}"),
    "by a number": lambda n: profiles.filter(class_year=n),
    "by two columns": lambda n: users.filter(pk=n, username=f"user{n}"),
    "either": lambda n: users.filter(Q(pk=n) | Q(username=f"user{n}")),
    "one or the other": lambda n: users.filter(pk=n) | users.filter(username=f"user{n}"),
    "negated": lambda n: users.exclude(pk=n),
    "ordered": lambda n: users.filter(pk__gt=n).order_by("-username", "pk"),
    "unordered": lambda n: profiles.filter(pk__gt=n).order_by(),
    "reversed": lambda n: users.filter(pk__gt=n).order_by("username").reverse(),
    "sliced": lambda n: users.filter(pk__gt=n)[:5],
    "sliced elsewhere": lambda n: users.filter(pk__gt=n)[1:5],
    "distinct": lambda n: users.filter(pk__gt=n).distinct(),
    "only": lambda n: users.filter(pk=n).only("username"),
    "defer": lambda n: users.filter(pk=n).defer("username"),
    "values": lambda n: users.filter(pk=n).values("username"),
    "other values": lambda n: users.filter(pk=n).values("first_name", "username"),
    "values_list": lambda n: users.filter(pk=n).values_list("pk", flat=True),
    "related": lambda n: profiles.filter(pk=n).select_related("college", "dorm"),
    "other related": lambda n: profiles.filter(pk=n).select_related("college"),
    "joined": lambda n: profiles.filter(college__name=f"c{n}"),
    "joined and ordered": lambda n: profiles.filter(college__name=f"c{n}").order_by("dorm__name"),
    "by relation": lambda n: dorms.filter(college=n),
    "through": lambda n: users.filter(groups__name=f"g{n}"),
    "through twice": lambda n: users.filter(groups=n).filter(groups__name="b"),
    "backwards": lambda n: Group.objects.filter(user__username=f"user{n}"),
    "in": lambda n: users.filter(pk__in=[n, n + 1]),
    "in more": lambda n: users.filter(pk__in=[n, n + 1, n + 2]),
    "in a query": lambda n: users.filter(pk__in=profiles.filter(dorm=n).values("pk")),
    "null": lambda _: profiles.filter(dorm=None),
    "not null": lambda _: profiles.filter(dorm__isnull=False),
    "like": lambda n: users.filter(username__icontains=f"%{n}"),
    "range": lambda n: users.filter(pk__range=(n, n + 3)),
    "true": lambda _: users.filter(is_active=True),
    "false": lambda _: users.filter(is_active=False),
    "its own column": lambda n: users.filter(pk__lt=n, username=F("first_name")),
}
COMPILED: dict[str, Make] = {
    "annotated": lambda n: users.filter(pk=n).annotate(many=Count("groups")),
    "annotated by a value": lambda n: users.annotate(no=F("pk") + n),
    "exists": lambda n: users.annotate(has=Exists(Group.objects.filter(user=OuterRef("pk"), pk=n))),
    "extra": lambda n: users.extra(select={"one": "%s"}, select_params=[n]),
    "ordered by an expression": lambda n: users.order_by(F("first_name") + n),
    "union": lambda n: users.filter(pk=n).union(users.filter(pk=n + 1)),
    "locked": lambda n: users.filter(pk=n).select_for_update(),
    "filtered relation": lambda n: users.annotate(
        theirs=FilteredRelation("groups", condition=Q(groups__pk=n))
    ).filter(theirs__name="a"),
    "joined by a value": lambda n: Noted.objects.filter(notes__text=f"{n}"),
    "by a window": lambda n: users.filter(
        GreaterThan(Window(RowNumber(), order_by="pk"), n),  # type: ignore[arg-type]
        pk__lt=n,
    ),
    "nothing": lambda _: users.filter(pk__in=[]),
    "beyond the column": lambda n: users.filter(pk=2**70 + n),
}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What Django's compiler has been asked to compile."""
    asked: list[Any] = []
    original = SQLCompiler.pre_sql_setup

    def watch(self: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(self)
        return original(self, *arguments, **options)

    monkeypatch.setattr(SQLCompiler, "pre_sql_setup", watch)
    return asked


def _django(made: Any) -> tuple[str, tuple[Any, ...]]:
    sql, params = made.query.clone().get_compiler("default").as_sql()
    return sql, tuple(params)


def _ours(statements: Statements, made: Any) -> tuple[str, tuple[Any, ...], bool]:
    sql, params, reused = statements.compiled(made.query.get_compiler("default"))
    return sql, tuple(params), reused


@pytest.mark.parametrize("name", KEPT)
def test_sql_is_the_one_that_django_makes(name: str) -> None:
    statements = Statements(reuse=True)
    for other in KEPT.values():
        _ours(statements, other(7))
    for number in (1, 2):
        made = KEPT[name](number)
        expected = _django(KEPT[name](number))
        assert _ours(statements, made) == (*expected, True)


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.django_db
def test_query_with_more_in_it_is_compiled_each_time(name: str) -> None:
    statements = Statements(reuse=True)
    for number in (1, 2):
        compiler = COMPILED[name](number).query.get_compiler("default", elide_empty=False)
        expected = COMPILED[name](number).query.get_compiler("default", elide_empty=False).as_sql()
        assert statements.compiled(compiler) == (*expected, False)


def test_aggregate_over_nothing_is_zero(cache: Cache) -> None:  # noqa: ARG001
    def total() -> int:
        return users.filter(pk__in=[]).aggregate(total=Count("pk"))["total"]  # type: ignore[no-any-return]

    assert total() == 0


def test_hit_compiles_nothing(cache: Cache, compiled: list[Any]) -> None:  # noqa: ARG001
    pks = list(users.order_by("pk").values_list("pk", flat=True))
    users.get(pk=pks[0])
    compiled.clear()
    assert [users.get(pk=pk).pk for pk in pks[1:4]] == pks[1:4]
    assert not compiled


def test_reuse_can_be_turned_off(start: Started, compiled: list[Any]) -> None:
    warmed(start(REUSE_SQL=False))
    compiled.clear()
    for _ in range(3):
        users.filter(pk=1).first()
    assert len(compiled) == 3


def test_rows_become_what_they_are_without_the_cache(cache: Cache) -> None:  # noqa: ARG001
    permission = Permission.objects.order_by("pk")[0]
    for _ in range(3):
        again = Permission.objects.select_related("content_type").get(pk=permission.pk)
        assert again.content_type.app_label == permission.content_type.app_label
        assert users.only("username").order_by("pk")[0].get_deferred_fields() >= {"first_name"}
        date = users.order_by("pk").values_list("date_joined", flat=True)[0]
        assert date == users.order_by("pk")[0].date_joined
        assert date.tzinfo is not None


def test_queryset_that_was_answered_can_be_refined(cache: Cache) -> None:  # noqa: ARG001
    for _ in range(3):
        found = profiles.filter(pk__gt=0).select_related("college")
        assert list(found) == []
        assert list(found.filter(college__name="a").order_by("dorm__name")) == []
        assert list(found.annotate(many=Count("college"))) == []


def test_queryset_that_was_answered_knows_its_table(cache: Cache) -> None:  # noqa: ARG001
    for _ in range(2):
        found = users.order_by("username")
        list(found)
        assert list(found.query.alias_map) == ["auth_user"]
        assert found.query.base_table == "auth_user"
        assert found.query.alias_refcount == {"auth_user": 0}


def test_forgotten_plan_is_made_of_the_whole_query(cache: Cache) -> None:
    with staff():
        boss = Person.objects.create(code="boss", name="before")
        clerk = Person.objects.create(code="clerk", number=1, room=1, boss=boss)

        def name_of_the_boss() -> str:
            return Person.objects.select_related("boss").get(pk=clerk.pk).boss.name  # type: ignore[union-attr]

        for _ in range(2):
            name_of_the_boss()
        cache.plans.clear()
        until(lambda: queries(name_of_the_boss) == 0)
        Person.objects.filter(pk=boss.pk).update(name="after")
        assert name_of_the_boss() == "after"


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (User, "db_table", "people"),
        (User, "ordering", ["username"]),
        (User, "concrete_fields", User._meta.concrete_fields[:2]),
        (College, "ordering", ["-name"]),
    ],
)
def test_model_that_is_another_for_a_while_is_compiled_anew(
    model: Any, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = users.all() if model is User else dorms.order_by("college")
    statements = Statements(reuse=True)
    before = _ours(statements, made.all())[0]
    monkeypatch.setitem(model._meta.__dict__, name, value)
    sql, _params, reused = _ours(statements, made.all())
    assert not reused
    assert sql == _django(made.all())[0] != before


def test_time_zone_is_part_of_what_sql_is_known_by_on_mysql(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "mysql")
    statements = Statements(reuse=True)
    for zone in ("Asia/Tokyo", "UTC"):  # MySQL converts times in an order, without a value for UTC
        with timezone.override(zone):
            assert not _ours(statements, users.order_by("date_joined"))[2]


def test_plan_is_not_made_of_a_query_that_was_not_compiled(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = cache.plans.known

    def known_once(sql: str, catalog: Any) -> Any:
        """Find the plan, and then have another thread throw all plans away."""
        found = known(sql, catalog)
        cache.plans.clear()
        return found

    with staff():
        boss = Person.objects.create(code="boss", name="before")
        clerks = [
            Person.objects.create(code=f"clerk{number}", number=number, room=number, boss=boss)
            for number in (1, 2)
        ]

        def name_of_the_boss(clerk: Person) -> str:
            return Person.objects.select_related("boss").get(pk=clerk.pk).boss.name  # type: ignore[union-attr]

        until(lambda: queries(lambda: name_of_the_boss(clerks[0])) == 0)
        with monkeypatch.context() as patch:
            patch.setattr(cache.plans, "known", known_once)
            name_of_the_boss(clerks[0])
        until(lambda: queries(lambda: name_of_the_boss(clerks[1])) == 0)
        Person.objects.filter(pk=boss.pk).update(name="after")
        assert name_of_the_boss(clerks[1]) == "after"


def test_verify_mode_reports_sql_that_differs(
    start: Started, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = start(VERIFY=True)
    # Any text counts as one that has a plan.
    monkeypatch.setattr(cache.plans, "known", lambda _sql, _catalog: True)
    right = _compiled(users.filter(pk=1).query.get_compiler("default"), cache)
    for statement in cache.statements._known.values():
        monkeypatch.setattr(statement, "sql", "SELECT another FROM text")
    with caplog.at_level(logging.ERROR, "slipstream.querycache"):
        assert _compiled(users.filter(pk=1).query.get_compiler("default"), cache) == right
    assert cache.table("auth_user").differences == 1
    assert "SELECT another FROM text" in caplog.text
