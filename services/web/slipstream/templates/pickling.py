"""The bytes of a compiled template, and the template in such bytes.

Nothing here checks a signature: `loads` is for bytes that the shelf found right.
"""

import logging
import marshal
import pickle
import re
import sys
from functools import cache
from importlib import import_module
from io import BytesIO
from types import BuiltinFunctionType, FunctionType, ModuleType, NoneType
from typing import Any

from django.db.models import Model
from django.template import Origin
from django.template.base import Template
from django.template.engine import Engine
from django.template.loaders.base import Loader
from django.template.smartif import OPERATORS, TokenBase
from django.utils.functional import Promise

from slipstream.templates.edition import code_digest, digest

__all__ = ["Unreadable", "Unshareable", "dumps", "loads"]

DIGEST_BYTES = 40
LENGTH_BYTES = 4
OPERATOR_KEYS = {kind: key for key, kind in OPERATORS.items()}
"""The operators of `{% if %}` are classes without a name that a pickle could hold."""
BY_VALUE_OR_NAME = (
    *(str, bytes, int, float, bool, NoneType, tuple, frozenset, re.Pattern, Promise),
    *(type, FunctionType, BuiltinFunctionType, ModuleType, logging.Logger),
)
"""Kinds of objects for which a copy is as good, or of which a pickle holds the name alone."""


class Unshareable(Exception):
    """A template that can't be put into bytes, or not without becoming another one."""


class Unreadable(Exception):
    """Bytes that a site with other code wrote, or that don't make a template here."""


def dumps(template: Template) -> bytes:
    """Return what a template's source was compiled to. Raises Unshareable."""
    file = BytesIO()
    pickler = _Pickler(file, template)
    try:
        pickler.dump((template.nodelist, getattr(template, "extra_data", None)))
    except Exception as error:  # a node's own __reduce__ may raise anything
        raise Unshareable(f"{type(error).__name__}: {error}") from error
    modules = sorted(pickler.modules)
    head = "\0".join(modules).encode()
    size = len(head).to_bytes(LENGTH_BYTES, "big")
    return _code_of(tuple(modules)).encode() + size + head + file.getvalue()


def loads(template: Template, content: bytes) -> None:
    """Make `template` what its source was compiled to. Raises Unreadable, and changes nothing then."""
    start = DIGEST_BYTES + LENGTH_BYTES
    end = start + int.from_bytes(content[DIGEST_BYTES:start], "big")
    modules = content[start:end].decode().split("\0")
    if content[:DIGEST_BYTES] != _code_of(tuple(modules)).encode():
        raise Unreadable("its nodes are of other code")
    try:
        nodelist, extra = _Unpickler(BytesIO(content[end:]), template).load()
    except Exception as error:  # a node's own __setstate__ may raise anything
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    template.nodelist = nodelist
    if extra is not None:
        template.extra_data = extra


@cache
def _code_of(modules: tuple[str, ...]) -> str:
    """Return the digest of the code that unpickled nodes run."""
    return digest(*map(code_digest, modules))


class _Pickler(pickle.Pickler):
    """Leaves out what each process has of its own, and notes whose code the nodes are."""

    def __init__(self, file: BytesIO, template: Template) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.modules: set[str] = {__name__, "builtins"}
        self._unique: set[int] = set()
        self._names = {id(own): name for name, own in _own(template).items()}

    def persistent_id(self, obj: Any) -> str | None:
        """Name the engine, its loaders and the template's origin; refuse what has to stay itself."""
        kind = type(obj)
        if kind.__module__ not in self.modules:
            self._note(kind.__module__)
        if isinstance(obj, Engine | Loader | Origin):
            name = self._names.get(id(obj))
            if name is None and not isinstance(obj, Origin):
                raise Unshareable(f"another engine's {kind.__name__}")
            return name
        if id(obj) in self._unique or kind is object or isinstance(obj, Model):
            raise Unshareable(f"a {kind.__qualname__} that others know by its identity")
        return None

    def reducer_override(self, obj: Any) -> Any:
        """Give the nameless operators a name, and functions without one their code."""
        key = OPERATOR_KEYS.get(type(obj))
        if key is not None:
            return _operator, (key,), vars(obj)
        if isinstance(obj, type):
            for kind in obj.__mro__:
                self._note(kind.__module__)
        elif isinstance(obj, FunctionType):
            self._note(obj.__module__)
            if "<" in obj.__qualname__ and not (obj.__closure__ or obj.__kwdefaults__):
                return _function, (obj.__module__, marshal.dumps(obj.__code__), obj.__defaults__)
        return NotImplemented

    def _note(self, module: str) -> None:
        self.modules.add(module)
        self._unique |= _objects_of(module)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, template: Template) -> None:
        super().__init__(file)
        self._own = _own(template)

    def persistent_load(self, pid: Any) -> Any:
        return self._own[pid]


def _own(template: Template) -> dict[str, Any]:
    """Return what a process has of its own and nodes point to, by names that all processes use."""
    engine = template.engine
    loaders = {f"loader {number}": one for number, one in enumerate(_loaders(engine))}
    return {"engine": engine, "origin": template.origin, **loaders}


def _loaders(engine: Engine) -> list[Loader]:
    found = list(engine.template_loaders)
    for outer in found:
        found += getattr(outer, "loaders", [])
    return found


def _operator(key: str) -> TokenBase:
    operator: TokenBase = OPERATORS[key]()
    return operator


def _function(module: str, code: bytes, defaults: tuple[Any, ...] | None) -> FunctionType:
    """Return a lambda of a tag's: it has no name to be found by, so its code is in the pickle."""
    names = vars(import_module(module))
    return FunctionType(marshal.loads(code), names, argdefs=defaults)  # noqa: S302 - signed by us


@cache
def _objects_of(module: str) -> frozenset[int]:
    """Return the identities of a module's own objects: registries, sentinels, caches.

    A node may point to one. Its copy would be another object, and nobody would put anything into it.
    """
    found = vars(sys.modules[module]).values() if module in sys.modules else ()
    return frozenset(id(value) for value in found if not isinstance(value, BY_VALUE_OR_NAME))
