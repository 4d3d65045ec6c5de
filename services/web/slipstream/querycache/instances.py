"""Model instances out of rows, without `Model.__init__` where nothing can tell the difference.

Once rows come from a cache, making instances of them is most of what is left of a read: Django sends
two signals and sets each field by `setattr`, for every row. Where a model has no `__init__` of its
own, nobody listens, and a field's attribute only puts its value into the instance's `__dict__`, the
values are put there at once, by a function that is made for the list of attributes.
"""

import functools
import keyword
import weakref
from collections.abc import Callable, Sequence
from inspect import getattr_static
from typing import Any, NamedTuple

from django.db.models import Field, Model
from django.db.models.base import ModelState
from django.db.models.fields.files import FileDescriptor, ImageFileDescriptor
from django.db.models.fields.mixins import FieldCacheMixin
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import RelatedPopulator
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

Make = Callable[[Sequence[Any], str], Any]
"""Makes an instance of values and the name of their database."""

Known = tuple[Sequence[str], Any, Make | None]
"""A list of columns, a model, and what makes its instances; None where that is observed."""


def _from_db(original: Any) -> Any:
    function: Callable[..., Any] = original.__func__
    # Django hands the same list over with every row of a query, and makes another for the next
    # one. It is kept, so that its number can't become another one's. Nobody changes it meanwhile.
    lists: dict[int, Known] = {}

    def learned(model: Any, given: Sequence[str], values: int) -> Known:
        if len(lists) >= MOST_LISTS:
            lists.clear()
        known = lists[id(given)] = (given, model, _maker(model, given, values))
        return known

    @functools.wraps(function)
    def from_db(  # every line of it is run for each row
        cls: Any, db: str, field_names: Sequence[str], values: Sequence[Any], fetch_mode: Any = None
    ) -> Any:
        known = lists.get(id(field_names))
        if known is None or known[0] is not field_names or known[1] is not cls:
            known = learned(cls, field_names, len(values))
        make = known[2]
        if make is None or ((pre_init.receivers or post_init.receivers) and _is_heard(cls)):
            more = {} if fetch_mode is None else {"fetch_mode": fetch_mode}  # of Django 6.1
            return function(cls, db, field_names, values, **more)
        new = make(values, db)
        if fetch_mode is not None:
            new._state.fetch_mode = fetch_mode
        return new

    made: Any = from_db  # classmethod is typed for functions without a signature of their own
    made.is_slipstreams = True
    return classmethod(made)


class Related(NamedTuple):
    """What a populator's rows have in common: where its values are, and where the instance goes."""

    make: Make
    database: str
    start: int
    end: int
    primary_key: int
    name: str
    others: Sequence[Any]
    tell: Callable[[Any, Any], None] | None
    fetch_mode: Any


def _populate(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def populate(self: Any, row: Sequence[Any], from_obj: Any) -> None:
        """Do the same as Django's: each line of it is run for each row."""
        try:
            known = self.slipstream
        except AttributeError:
            known = self.slipstream = _related(self)
        if known is None or (
            (pre_init.receivers or post_init.receivers) and _is_heard(self.model_cls)
        ):
            original(self, row, from_obj)
            return
        make, database, start, end, primary_key, name, others, tell, mode = known
        values = row[start:end]
        if values[primary_key] is None:
            from_obj._state.fields_cache[name] = None
            return
        from_obj._state.fields_cache[name] = new = make(values, database)
        if mode is not None:
            _note_mode(self, mode, new)
        for one in others:
            one.populate(row, new)
        if tell is not None:
            tell(new, from_obj)

    return populate


def _note_mode(populator: Any, mode: Any, new: Model) -> None:
    state: Any = new._state
    state.fetch_mode = mode
    if mode.track_peers:
        populator.peers.append(weakref.ref(new))
        state.peers = populator.peers


def _related(populator: Any) -> Related | None:
    """Return what a populator needs for its rows; None where Django's own way is needed."""
    model, setter = populator.model_cls, populator.local_setter
    if (
        populator.reorder_for_init is not None
        or getattr(setter, "__func__", None) is not FieldCacheMixin.set_cached_value
        or not getattr(model.from_db, "is_slipstreams", False)
    ):
        return None
    make = _maker(model, populator.init_list, populator.cols_end - populator.cols_start)
    if make is None:
        return None
    field = setter.__self__
    # A foreign key's other side isn't told: many rows may have the same.
    one_of_many = isinstance(field, Field) and not field.unique
    return Related(
        make=make,
        database=populator.db,
        start=populator.cols_start,
        end=populator.cols_end,
        primary_key=populator.pk_idx,
        name=field.cache_name,
        others=populator.related_populators,
        tell=None if one_of_many else populator.remote_setter,
        fetch_mode=getattr(populator, "fetch_mode", None),  # of Django 6.1
    )


def _maker(model: Any, given: Sequence[str], values: int) -> Make | None:
    names = _names_of(model, given, values)
    return _made(model, names) if names else None


@functools.lru_cache(maxsize=MOST_LISTS)
def _made(model: Any, names: tuple[str, ...]) -> Make:
    """Write the function that makes instances of a model with these attributes.

    Of all ways to set attributes, that is the one that costs least. They are set in their order. Up
    to the first that isn't free to be set, they need no dictionary of their own.
    """
    free = 0
    while free < len(names) and type(getattr_static(model, names[free])) is DeferredAttribute:
        free += 1
    targets = [f"new.{name}" if n < free else f"v{n}" for n, name in enumerate(names)]
    rest = [f"    attributes[{name!r}] = v{n}" for n, name in enumerate(names) if n >= free]
    lines = (
        "def make(values, db):",
        "    new = create(model)",
        "    new._state = state = ModelState()",
        "    state.adding = False",
        "    state.db = db",
        f"    {', '.join(targets)}, = values",
        *(["    attributes = new.__dict__", *rest] if rest else ()),
        "    return new",
    )
    space: dict[str, Any] = {"create": object.__new__, "model": model, "ModelState": ModelState}
    exec("\n".join(lines), space)  # noqa: S102 - of the names of a model's attributes alone
    make: Make = space["make"]
    return make


def _names_of(model: Any, given: Sequence[str], values: int) -> tuple[str, ...]:
    """Return the attributes that so many values are of; () where the making is observed."""
    meta = model._meta
    fields, names = meta.__dict__.get("_slipstream_plain", (None, ()))
    if fields is not meta.concrete_fields:
        names = _plain_names(model)
        meta._slipstream_plain = (meta.concrete_fields, names)
    if values == len(names) or not names:
        return tuple(names)
    chosen = tuple(name for name in names if name in given)
    return chosen if len(chosen) == values else ()


def _plain_names(model: type[Model]) -> tuple[str, ...]:
    """Return the attributes of a model's columns, in order; () where its making is observed."""
    if Model.__init__ is not DJANGOS_INIT or model._meta.abstract:
        return ()
    if getattr_static(type(model), "__call__") is not PLAIN_CALL or any(
        not OBSERVERS.isdisjoint(vars(base)) for base in model.__mro__ if base not in DJANGOS_OWN
    ):
        return ()
    names = tuple(field.attname for field in model._meta.concrete_fields)
    plain = all(
        type(getattr_static(model, name, None)) in PLAIN_ATTRIBUTES
        and name.isidentifier()
        and not keyword.iskeyword(name)
        for name in names
    )
    return names if plain else ()


def _is_heard(model: type[Model]) -> bool:
    return pre_init.has_listeners(model) or post_init.has_listeners(model)


PATCHES = Patches(
    ((Model, "from_db", _from_db), (RelatedPopulator, "populate", _populate)),
)
