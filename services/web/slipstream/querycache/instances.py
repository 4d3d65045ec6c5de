"""Model instances out of rows, without `Model.__init__` where nothing can tell the difference.

Once rows come from a cache, making instances of them is most of what is left of a read: Django sends
two signals and sets each field by `setattr`, for every row. Where a model has no `__init__` of its
own, nobody listens, and a field's attribute only puts its value into the instance's `__dict__`, the
values are put there at once.
"""

import functools
from collections.abc import Callable, Sequence
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


MOST_LISTS = 1_000

Known = tuple[Sequence[str], Any, tuple[str, ...]]
"""A list of columns, a model, and the attributes that the values go into."""


def _from_db(original: Any) -> Any:
    function: Callable[..., Any] = original.__func__
    # Django hands the same list over with every row of a query, and makes another for the next
    # one. It is kept, so that its number can't become another one's. Nobody changes it meanwhile.
    lists: dict[int, Known] = {}
    make = object.__new__

    def learned(model: Any, given: Sequence[str], values: int) -> Known:
        if len(lists) >= MOST_LISTS:
            lists.clear()
        known = lists[id(given)] = (given, model, _names_of(model, given, values))
        return known

    @functools.wraps(function)
    def from_db(  # every line of it is run for each row
        cls: Any, db: str, field_names: Sequence[str], values: Sequence[Any], fetch_mode: Any = None
    ) -> Any:
        known = lists.get(id(field_names))
        if known is None or known[0] is not field_names or known[1] is not cls:
            known = learned(cls, field_names, len(values))
        names = known[2]
        if not names or ((pre_init.receivers or post_init.receivers) and _is_heard(cls)):
            more = {} if fetch_mode is None else {"fetch_mode": fetch_mode}  # of Django 6.1
            return function(cls, db, field_names, values, **more)
        new = make(cls)
        attributes = new.__dict__
        attributes["_state"] = state = ModelState()
        state.adding = False
        state.db = db
        if fetch_mode is not None:
            state.fetch_mode = fetch_mode
        for name, value in zip(names, values):  # noqa: B905 - `strict` has its price as well
            attributes[name] = value
        return new

    made: Any = from_db  # classmethod is typed for functions without a signature of their own
    return classmethod(made)


def _names_of(model: Any, given: Sequence[str], values: int) -> tuple[str, ...]:
    """Return the attributes that so many values are of; () where the making is observed."""
    meta = model._meta
    fields, names = meta.__dict__.get("_slipstream_plain", (None, ()))
    if fields is not meta.concrete_fields:
        names = _plain_names(model)
        meta._slipstream_plain = (meta.concrete_fields, names)
    if values == len(names) or not names:
        return tuple(names)
    return tuple(name for name in names if name in given)


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
