"""Two values have one identity only if nothing that is rendered can tell them apart."""

import datetime
import itertools
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db.models import Prefetch
from django.http import HttpRequest, QueryDict
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.timezone import get_fixed_timezone

from slipstream.fragments.errors import Unidentifiable
from slipstream.fragments.identities import identity_of


@dataclass
class Plain:
    one: Any = 1
    other: Any = None


class Slotted:
    __slots__ = ("one",)

    def __init__(self, one: Any) -> None:
        self.one = one


class Posing:
    """Stands for what says that it is of another class, as proxies do."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def __class__(self) -> Any:
        return type(self.value)


NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
DIFFERENT: list[Any] = [
    1, True, 1.0, "1", b"1", Decimal(1), Decimal("1.0"), None, "", "None", "<b>", mark_safe("<b>"),
    NOON, NOON.replace(tzinfo=None), NOON.astimezone(get_fixed_timezone(60)), NOON.date(),
    [], (), set(), {}, [1], (1,), {1}, {1: None}, [1, [2]], [[1], 2], ["1,2"], ["1", "2"], [1, 2],
    {"a": 1, "b": 2}, {"b": 2, "a": 1}, OrderedDict(a=1, b=2), range(3), range(4),
    QueryDict("a=1"), QueryDict("a=1&a=2"), QueryDict("a=2&a=1"),
    Plain(), Plain(2), Plain(1, 2), Slotted(1), Slotted(2), AnonymousUser(),
    User(pk=1), User(pk=2), User(pk=1, username="x"), Group(pk=1),
    User.objects.all(), User.objects.filter(pk=1), User.objects.filter(pk=2),
    User.objects.values(), User.objects.values_list(), User.objects.values_list("pk"),
    User.objects.values_list("pk", flat=True), User.objects.none(), User.objects.all()[:3],
    User.objects.prefetch_related("groups"),
    User.objects.prefetch_related(Prefetch("groups", Group.objects.filter(name="x"))),
    User.objects.prefetch_related(Prefetch("groups", to_attr="crowd")),
]  # fmt: skip


def test_different_values_have_different_identities() -> None:
    texts = [identity_of(value).text for value in DIFFERENT]
    for one, other in itertools.combinations(range(len(texts)), 2):
        assert texts[one] != texts[other], (DIFFERENT[one], DIFFERENT[other])


def test_equal_values_have_one_identity() -> None:
    for make in (
        lambda: [1, {"a": Plain()}],
        lambda: User.objects.filter(username="x"),
        lambda: SimpleLazyObject(lambda: Group(pk=1)),
        lambda: QueryDict("a=1"),
    ):
        assert identity_of(make()).text == identity_of(make()).text
    assert identity_of(SimpleLazyObject(lambda: "x")).text == identity_of("x").text


def test_what_is_inside_itself_comes_to_an_end() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert identity_of(loop).text != identity_of([1, [1]]).text


def test_an_instance_names_its_tables_and_those_of_what_is_fetched_with_it() -> None:
    user = User(pk=1)
    user._state.fields_cache["group"] = Group(pk=1)
    assert identity_of([user]).tables == {"auth_user", "auth_group"}


@pytest.mark.parametrize(
    "value",
    [
        *(print, lambda: 1, iter([]), (n for n in "x"), User, object, open),
        *(HttpRequest(), Posing(HttpRequest())),
    ],
)
def test_what_can_hide_something_has_none(value: Any) -> None:
    with pytest.raises(Unidentifiable):
        identity_of(value)
