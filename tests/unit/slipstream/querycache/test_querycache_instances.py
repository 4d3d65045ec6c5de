"""Fast instances: what comes out is what Django makes, and who watches the making is not left out."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.db.models.signals import ModelSignal, post_init, pre_init

from campus.models import College, Dorm, Profile
from slipstream.querycache import instances
from slipstream.querycache.cache import Cache

from .staff import Badge, Person, staff

NAMES = [field.attname for field in User._meta.concrete_fields]
VALUES = tuple(range(len(NAMES)))


@pytest.fixture(autouse=True)
def installed(cache: Cache) -> Iterator[None]:  # noqa: ARG001 - the app
    instances.PATCHES.install()
    yield
    instances.PATCHES.uninstall()


def _django(make: Callable[..., Any], *args: Any) -> Any:
    """Return what comes out without us."""
    instances.PATCHES.uninstall()
    try:
        return make(*args)
    finally:
        instances.PATCHES.install()


def _facts(instance: models.Model) -> tuple[Any, ...]:
    state = instance._state
    values = {name: value for name, value in vars(instance).items() if name != "_state"}
    deferred = instance.get_deferred_fields()
    return type(instance), list(vars(instance)), values, vars(state), deferred


@pytest.mark.parametrize("names", [NAMES, NAMES[:3], [NAMES[0], NAMES[4]]])
def test_instance_is_the_one_that_django_makes(names: list[str]) -> None:
    given = ("other", names, VALUES[: len(names)])
    assert _facts(User.from_db(*given)) == _facts(_django(User.from_db, *given))


def test_init_is_not_called_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(ModelSignal, "send", lambda self, **_named: sent.append(self))
    User.from_db("default", NAMES, VALUES)
    assert not sent


@pytest.fixture
def people() -> Iterator[None]:
    """A boss, a clerk with a badge, a badge of the boss's boss, and a user with a profile."""
    college = College.objects.create(name="a")
    dorm = Dorm.objects.create(name="a", college=college)
    user = User.objects.order_by("pk")[1]
    Profile.objects.create(user=user, class_year=2000, college=college, dorm=dorm)
    with staff():
        top = Person.objects.create(code="top", number=1, room=1)
        boss = Person.objects.create(code="boss", number=2, room=2, boss=top)
        clerk = Person.objects.create(code="clerk", number=3, room=3, boss=boss)
        Badge.objects.create(person=clerk, label="a")
        Badge.objects.create(person=top, label="b")
        yield


RELATED: dict[str, Callable[[], Any]] = {
    "forwards": lambda: Person.objects.select_related("boss"),
    "twice": lambda: Person.objects.select_related("boss__boss"),
    "some columns": lambda: Person.objects.select_related("boss").only("code", "boss__name"),
    "one to one": lambda: Badge.objects.select_related("person__boss"),
    "one to one, backwards": lambda: User.objects.select_related("profile__college"),
}


def _tree(instance: Any, above: tuple[int, ...] = ()) -> Any:
    """Return what an instance is, with all that it refers to."""
    if instance is None or id(instance) in above:
        return instance and "above"
    facts = [fact for fact in _facts(instance) if not isinstance(fact, dict)]
    state = dict(vars(instance._state))
    values = {name: value for name, value in vars(instance).items() if name != "_state"}
    known = state.pop("fields_cache", {})  # Django makes an empty one now and then
    related = {name: _tree(one, (*above, id(instance))) for name, one in known.items()}
    return facts, values, state, related


@pytest.mark.parametrize("name", RELATED)
def test_related_instances_are_those_that_django_makes(name: str, people: None) -> None:  # noqa: ARG001
    rows = RELATED[name]().order_by("pk")
    ours = [_tree(one) for one in rows.all()]
    assert ours == [_tree(one) for one in _django(lambda: list(rows.all()))]


def test_listener_hears_of_related_instances(people: None) -> None:  # noqa: ARG001
    heard = []

    def listen(instance: Any, **_named: Any) -> None:
        heard.append(instance.code)

    post_init.connect(listen, sender=Person)
    try:
        list(Badge.objects.select_related("person").order_by("person__code"))
    finally:
        post_init.disconnect(listen, sender=Person)
    assert heard == ["clerk", "top"]


def test_from_db_of_a_related_model_runs(people: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    inherited: Any = vars(models.Model)["from_db"].__func__

    def from_db(cls: Any, *args: Any, **named: Any) -> Any:
        made = inherited(cls, *args, **named)
        made.name = "its own"
        return made

    monkeypatch.setattr(Person, "from_db", classmethod(from_db))
    assert {one.person.name for one in Badge.objects.select_related("person")} == {"its own"}


@pytest.mark.parametrize("signal", [pre_init, post_init])
def test_listener_hears_of_each_instance(signal: ModelSignal) -> None:
    heard = []

    def listen(sender: type[models.Model], **_named: Any) -> None:
        heard.append(sender)

    signal.connect(listen, sender=User)
    try:
        User.from_db("default", NAMES, VALUES)
    finally:
        signal.disconnect(listen, sender=User)
    User.from_db("default", NAMES, VALUES)
    assert heard == [User]


class Loud(models.IntegerField):  # type: ignore[type-arg]
    """A field whose attribute does something with a value that it is given."""

    class Attribute:
        def __get__(self, instance: Any, owner: Any = None) -> Any:
            return self if instance is None else instance.__dict__["loud"]

        def __set__(self, instance: Any, value: Any) -> None:
            instance.__dict__["loud"] = f"{value}!"

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, Loud.Attribute())


def _model(name: str, **members: Any) -> Any:
    meta = type("Meta", (), {"app_label": "auth"})
    made = type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **members})
    apps.all_models["auth"].pop(name.lower(), None)
    apps.clear_cache()
    return made


def _counts_itself(self: Any, *args: Any, **named: Any) -> None:
    models.Model.__init__(self, *args, **named)
    self.__dict__["made"] = True


def test_init_of_the_model_runs() -> None:
    model = _model("Own", __init__=_counts_itself)
    assert model.from_db("default", ["id"], (1,)).made


def test_attribute_that_changes_its_value_does_so() -> None:
    model = _model("Shouting", loud=Loud())
    assert model.from_db("default", ["id", "loud"], (1, "hey")).loud == "hey!"


def test_field_that_is_added_later_is_set() -> None:
    model = _model("Growing")
    assert model.from_db("default", ["id"], (1,)).pk == 1
    models.IntegerField().contribute_to_class(model, "more")
    assert model.from_db("default", ["id", "more"], (1, 2)).more == 2
