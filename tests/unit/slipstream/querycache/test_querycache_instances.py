"""Fast instances: what comes out is what Django makes, and who watches the making is not left out."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.db.models.signals import ModelSignal, post_init, pre_init

from slipstream.querycache import instances
from slipstream.querycache.cache import Cache

NAMES = [field.attname for field in User._meta.concrete_fields]
VALUES = tuple(range(len(NAMES)))


@pytest.fixture(autouse=True)
def installed(cache: Cache) -> Iterator[None]:  # noqa: ARG001 - the app
    instances.PATCHES.install()
    yield
    instances.PATCHES.uninstall()


def _django(cls: Any, *args: Any) -> Any:
    """Make an instance as Django does without us."""
    instances.PATCHES.uninstall()
    try:
        return cls.from_db(*args)
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
    assert _facts(User.from_db(*given)) == _facts(_django(User, *given))


def test_init_is_not_called_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(ModelSignal, "send", lambda self, **_named: sent.append(self))
    User.from_db("default", NAMES, VALUES)
    assert not sent


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
