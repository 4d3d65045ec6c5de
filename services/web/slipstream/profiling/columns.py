"""Fills in which columns of a model's rows were loaded, and which of them anybody read.

A row's values lie in the instance's `__dict__`, where reading them leaves no trace. So each model's
attributes become data descriptors, which Python asks first. Values that are taken from `__dict__`
itself aren't seen; pickling or copying an instance counts as reading all of it. Rows as
dictionaries or tuples (`values()`, `values_list()`) name their columns already.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.query import ModelIterable, RawModelIterable
from django.db.models.query_utils import DeferredAttribute

from slipstream.patches import Place
from slipstream.profiling.recording import CURRENT, Columns, Statement

__all__ = ["PLACES", "watch_attributes"]


@dataclass(eq=False)
class Source:
    """A queryset while it makes its instances; `joins` are the foreign keys that it follows."""

    statements_before: int
    joins: Mapping[str, frozenset[str]]
    statement: Statement | None = None


SOURCE: ContextVar[Source | None] = ContextVar("slipstream_review_source", default=None)


class WatchedAttribute(DeferredAttribute):
    """A column's attribute that notes when it is read; all else it leaves to the one it replaces."""

    def __init__(self, original: DeferredAttribute) -> None:
        super().__init__(original.field)
        self.original = original
        self.name = original.field.attname

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self.original.__get__(instance, cls)
        columns = getattr(instance.__dict__.get("_state"), "slipstream_columns", None)
        if columns is not None:
            columns.read.add(self.name)
        values = instance.__dict__
        return values[self.name] if self.name in values else self.original.__get__(instance, cls)

    def __set__(self, instance: Any, value: Any) -> None:
        if hasattr(self.original, "__set__"):
            self.original.__set__(instance, value)
        else:
            instance.__dict__[self.name] = value

    def __delete__(self, instance: Any) -> None:
        try:
            del instance.__dict__[self.name]
        except KeyError:
            raise AttributeError(self.name) from None


def watch_attributes() -> None:
    """Put a watched attribute in the place of each plain one of each model; twice is once."""
    for model in apps.get_models(include_auto_created=True):
        for column in model._meta.local_concrete_fields:
            attribute = vars(model).get(column.attname)
            # Files and a site's own descriptors are left alone: what they do with a value is theirs.
            if isinstance(attribute, DeferredAttribute) and not isinstance(
                attribute, WatchedAttribute
            ):
                setattr(model, column.attname, WatchedAttribute(attribute))


def _iterate(original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    @wraps(original)
    def iterate(self: Any) -> Iterator[Any]:
        recording = CURRENT.get()
        made = original(self)
        if recording is None:
            return made
        return _under(Source(len(recording.statements), _joins(self.queryset)), made)

    return iterate


def _under(source: Source, instances: Iterator[Any]) -> Iterator[Any]:
    """The instances, each made while `source` is known to be where it comes from."""
    while True:
        token = SOURCE.set(source)
        try:
            made = next(instances, None)
        finally:
            SOURCE.reset(token)
        if made is None:
            return
        yield made


def _joins(queryset: Any) -> dict[str, frozenset[str]]:
    """By model: the columns of the foreign keys that `select_related` follows."""
    found: dict[str, set[str]] = {}
    joins = getattr(queryset.query, "select_related", False)
    if joins:
        _follow(queryset.model, joins, found, depth=5)
    return {label: frozenset(names) for label, names in found.items()}


def _follow(model: Any, joins: Any, found: dict[str, set[str]], depth: int) -> None:
    if not depth:
        return
    names = joins if isinstance(joins, dict) else dict.fromkeys(_always_there(model), True)
    for name, below in names.items():
        try:
            relation = model._meta.get_field(name)
        except FieldDoesNotExist:  # a FilteredRelation
            continue
        key = relation if relation.concrete else relation.field
        found.setdefault(_label(key.model), set()).add(key.attname)
        _follow(relation.related_model, below, found, depth - 1)


def _always_there(model: Any) -> list[str]:
    """The relations that a `select_related()` without names follows."""
    return [one.name for one in model._meta.concrete_fields if one.is_relation and not one.null]


def _label(model: Any) -> str:
    return str(model._meta.concrete_model._meta.label)


def _from_db(original: Any) -> Any:
    function = original.__func__

    @classmethod  # type: ignore[misc] # it goes onto Model
    def from_db(cls: Any, db: Any, field_names: Any, values: Any, **options: Any) -> Any:
        made = function(cls, db, field_names, values, **options)
        source, recording = SOURCE.get(), CURRENT.get()
        if source is not None and recording is not None:
            if source.statement is None and len(recording.statements) > source.statements_before:
                source.statement = recording.statements[source.statements_before]
            if source.statement is not None:
                made._state.slipstream_columns = _columns(source, cls, field_names)
        return made

    return from_db


def _columns(source: Source, model: Any, names: Any) -> Columns:
    assert source.statement is not None  # noqa: S101 - for the type checker
    label, loaded = _label(model), frozenset(names)
    known = source.statement.columns
    if (label, loaded) not in known:
        needed = {model._meta.pk.attname, *source.joins.get(label, ())}
        known[label, loaded] = Columns(model=label, loaded=loaded, needed=needed)
    found = known[label, loaded]
    found.instances += 1
    return found


def _reduce(original: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever pickles or copies an instance takes all of it."""

    @wraps(original)
    def reduce(self: Any) -> Any:
        columns = getattr(self._state, "slipstream_columns", None)
        if columns is not None:
            columns.read |= columns.loaded
            del self._state.slipstream_columns
        return original(self)

    return reduce


PLACES: tuple[Place, ...] = (
    (ModelIterable, "__iter__", _iterate),
    (RawModelIterable, "__iter__", _iterate),
    (Model, "from_db", _from_db),
    (Model, "__reduce__", _reduce),
)
