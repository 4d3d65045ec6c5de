"""Model instances out of rows, without `Model.__init__` where nothing can tell the difference.

Once rows come from a cache, making instances of them is most of what is left of a read: Django sends
two signals and sets each field by `setattr`, for every row. Where a model has no `__init__` of its
own, nobody listens, and a field's attribute only puts its value into the instance's `__dict__`, the
values are put there at once.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from inspect import getattr_static
from typing import Any

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.files import FileDescriptor, ImageFileDescriptor
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init
from django.db.models.utils import AltersData

from slipstream.patches import Patches

__all__ = ["PATCHES"]

PLAIN_ATTRIBUTES = frozenset(
    {DeferredAttribute, ForeignKeyDeferredAttribute, FileDescriptor, ImageFileDescriptor}
)
"""What they do with the first value of an instance is to put it into its `__dict__`."""

OBSERVERS = frozenset({"__init__", "__new__", "__setattr__", "__getattribute__"})
DJANGOS_OWN = frozenset({Model, AltersData, object})
DJANGOS_INIT = Model.__init__
PLAIN_CALL = vars(type)["__call__"]


def _from_db(original: Any) -> Any:
    function: Callable[..., Any] = original.__func__

    @functools.wraps(function)
    def from_db(
        cls: Any, db: str, field_names: Sequence[str], values: Sequence[Any], **more: Any
    ) -> Any:
        names = _names_of(cls, field_names, len(values))
        if not names or ((pre_init.receivers or post_init.receivers) and _is_heard(cls)):
            return function(cls, db, field_names, values, **more)
        new = cls.__new__(cls)
        state = ModelState()
        state.adding = False
        state.db = db
        if more.get("fetch_mode") is not None:  # of Django 6.1
            state.fetch_mode = more["fetch_mode"]
        attributes = new.__dict__
        attributes["_state"] = state
        attributes.update(zip(names, values, strict=False))
        return new

    made: Any = from_db  # classmethod is typed for functions without a signature of their own
    return classmethod(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plain:
    """What is known of a model: the attributes of its columns, and of those that were given last."""

    fields: Any
    names: tuple[str, ...]
    given: list[str] = field(default_factory=list)
    some: tuple[str, ...] = ()


def _names_of(model: Any, given: Sequence[str], values: int) -> tuple[str, ...]:
    """Return the attributes that so many values are of; () where the making is observed."""
    meta = model._meta
    plain: _Plain | None = meta.__dict__.get("_slipstream_plain")
    if plain is None or plain.fields is not meta.concrete_fields:
        plain = _Plain(fields=meta.concrete_fields, names=_plain_names(model))
        meta._slipstream_plain = plain
    if values == len(plain.names) or not plain.names:
        return plain.names
    if plain.given == given:
        return plain.some
    some = tuple(name for name in plain.names if name in given)
    meta._slipstream_plain = replace(plain, given=list(given), some=some)
    return some


def _plain_names(model: type[Model]) -> tuple[str, ...]:
    """Return the attributes of a model's columns, in order; () where its making is observed."""
    if Model.__init__ is not DJANGOS_INIT or model._meta.abstract:
        return ()
    if getattr_static(type(model), "__call__") is not PLAIN_CALL or any(
        not OBSERVERS.isdisjoint(vars(base)) for base in model.__mro__ if base not in DJANGOS_OWN
    ):
        return ()
    names = tuple(field.attname for field in model._meta.concrete_fields)
    plain = all(type(getattr_static(model, name, None)) in PLAIN_ATTRIBUTES for name in names)
    return names if plain else ()


def _is_heard(model: type[Model]) -> bool:
    return pre_init.has_listeners(model) or post_init.has_listeners(model)


PATCHES = Patches(((Model, "from_db", _from_db),))
