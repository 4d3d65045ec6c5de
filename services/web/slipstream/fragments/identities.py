"""What tells one value from all others that may be rendered otherwise: its content, as a text.

A queryset that wasn't evaluated is its SQL. Parts are typed and delimited, so that no two different
values run together. Values that can't be told by content have no identity.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from django.contrib.messages.storage.base import BaseStorage
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import Model, Prefetch, QuerySet
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import LazyObject, Promise, empty
from django.utils.safestring import SafeString

from slipstream.fragments.errors import Unidentifiable
from slipstream.generations.tags import bare
from slipstream.querycache.keys import PLAIN, UnknownParameter, param_text, typed

__all__ = ["Identity", "identity_of", "unwrapped"]

HEAP_TYPE = 1 << 9
"""Py_TPFLAGS_HEAPTYPE: the class was made by Python, so that its instances have no hidden state."""

MOST_KINDS = 512
"""Of how many classes it is remembered what tells their instances apart."""


class Identity:
    """The text, and the tables of the rows in it. Collected by one pass over a value."""

    __slots__ = ("_open", "_parts", "tables")

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self._parts: list[str] = []
        self._open: dict[int, int] = {}

    @property
    def text(self) -> str:
        """Return all that was added."""
        return "".join(self._parts)

    def add(self, value: Any) -> None:
        """Add a value. Raises Unidentifiable."""
        kind: Any = type(value)
        if kind in PLAIN:
            self._parts.append(param_text(value))
            return
        number = self._open.get(id(value))
        if number is not None:  # it is inside itself, as a profile's user has the profile
            self._parts.append(typed("again", str(number)))
            return
        self._open[id(value)] = len(self._open)
        try:
            _how(kind)(self, value)
        finally:
            del self._open[id(value)]

    def _begin(self, value: Any, name: str = "") -> None:
        kind = type(value)
        self._parts.append(typed("of", f"{kind.__module__}.{kind.__qualname__}{name}"))

    def _text(self, value: Any) -> None:
        self._begin(value)
        self._parts.append(typed("s", str(value)))

    def _each(self, value: Iterable[Any]) -> None:
        found = list(value)
        self._begin(value, f" {len(found)}")
        for one in found:
            self.add(one)

    def _set(self, value: Iterable[Any]) -> None:
        texts = sorted(identity_of(one).text for one in value)
        self._begin(value, f" {len(texts)}")
        self._parts += texts

    def _mapping(self, value: Mapping[Any, Any]) -> None:
        self._begin(value, f" {len(value)}")
        for key, one in value.items():
            self.add(key)
            self.add(one)

    def _lists(self, value: MultiValueDict[Any, Any]) -> None:
        self._begin(value)
        self._mapping(dict(value.lists()))

    def _enum(self, value: Enum) -> None:
        self._begin(value, f".{value.name}")
        self.add(value.value)

    def _file(self, value: FieldFile) -> None:
        self._begin(value)
        self.add(value.name)

    def _lazy(self, value: Any) -> None:
        self.add(unwrapped(value))

    def _instance(self, value: Model) -> None:
        meta = value._meta
        self._begin(value, f" {value._state.db} {value._state.adding}")
        for one in (*meta.get_parent_list(), type(value)):
            self.tables.add(bare(one._meta.db_table))
        for name, one in vars(value).items():
            if name != "_state":
                self.add(name)
                self.add(one)
        self._mapping(value._state.fields_cache)

    def _queryset(self, value: Any) -> None:
        self._begin(value, f" {value.model._meta.label} {value.db}")
        if value._result_cache is not None:
            self._rows(value)
            return
        query = value.query
        try:
            sql, params = query.get_compiler(value.db).as_sql()
        except EmptyResultSet:
            sql, params = "", ()
        except FullResultSet as error:
            raise Unidentifiable(f"the queryset {query!r}") from error
        iterable = value._iterable_class
        self.add(sql)
        self._params(params)
        self.add(f"{iterable.__module__}.{iterable.__qualname__}")
        self.add(value._fields)
        self._each(map(_lookup, value._prefetch_related_lookups))
        for field, known in value._known_related_objects.items():
            self.add(str(field))
            self._mapping(known)

    def _params(self, params: Iterable[Any]) -> None:
        try:
            self._parts += map(param_text, params)
        except UnknownParameter as unknown:
            raise Unidentifiable(f"a query with a parameter of type {unknown}") from unknown

    def _rows(self, value: Any) -> None:
        self.tables.add(bare(value.model._meta.db_table))
        self.tables.update(bare(join.table_name) for join in value.query.alias_map.values())
        self._each(value._result_cache)

    def _refuse(self, value: Any) -> None:
        raise Unidentifiable(f"{type(value).__name__} as a whole")

    def _object(self, value: Any) -> None:
        """Add any other object whose whole state is in its attributes."""
        kind: Any = type(value)
        how = _how(value.__class__)
        if how is not Identity._object:  # it stands for something else
            how(self, value)
            return
        slots = _all_slots(kind)
        if slots is None:
            raise Unidentifiable(f"a value of type {kind.__module__}.{kind.__qualname__}")
        self._begin(value)
        self._mapping({name: getattr(value, name) for name in slots if hasattr(value, name)})
        self._mapping(getattr(value, "__dict__", {}))


@lru_cache(maxsize=MOST_KINDS)
def _all_slots(kind: type[Any]) -> tuple[str, ...] | None:
    """Return the names of slots; None where instances may have a state that no attribute shows."""
    if not all(base is object or base.__flags__ & HEAP_TYPE for base in kind.__mro__):
        return None
    return tuple(name for base in kind.__mro__ for name in _slots(base))


def _slots(kind: type[Any]) -> Iterable[str]:
    slots = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else slots
    return (name for name in names if name not in ("__dict__", "__weakref__"))


def _lookup(lookup: Any) -> Any:
    if isinstance(lookup, Prefetch):
        return (lookup.prefetch_through, lookup.prefetch_to, lookup.to_attr, lookup.queryset)
    return lookup


How = Callable[[Identity, Any], None]

HOW: dict[type[Any], How] = {
    SafeString: Identity._text,
    list: Identity._each,
    tuple: Identity._each,
    deque: Identity._each,
    set: Identity._set,
    frozenset: Identity._set,
    dict: Identity._mapping,
    OrderedDict: Identity._mapping,
    defaultdict: Identity._mapping,
    QueryDict: Identity._lists,
    MultiValueDict: Identity._lists,
    range: Identity._text,
}
BASES: tuple[tuple[type[Any], How], ...] = (
    (Promise, Identity._text),
    (LazyObject, Identity._lazy),
    (Enum, Identity._enum),
    (FieldFile, Identity._file),
    (Model, Identity._instance),
    (QuerySet, Identity._queryset),
    (HttpRequest, Identity._refuse),
    (SessionBase, Identity._refuse),
    (BaseStorage, Identity._refuse),
    (type, Identity._refuse),
)


@lru_cache(maxsize=MOST_KINDS)
def _how(kind: type[Any]) -> How:
    of_base = (how for base, how in BASES if issubclass(kind, base))
    return HOW.get(kind) or next(of_base, Identity._object)


def identity_of(value: Any) -> Identity:
    """Return a value's identity. Raises Unidentifiable."""
    found = Identity()
    found.add(value)
    return found


def unwrapped(value: Any) -> Any:
    """Return what a lazy object stands for, found now; any other value itself."""
    while isinstance(value, LazyObject):
        if value._wrapped is empty:
            value._setup()
        value = value._wrapped
    return value
