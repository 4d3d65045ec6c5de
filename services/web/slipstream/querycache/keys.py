"""The key of an entry: a digest of all that a result depends on besides the tables.

Parts are typed and delimited, so that no two different ones run together.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any
from uuid import UUID

__all__ = ["PLAIN", "UnknownParameter", "entry_key", "param_text", "typed"]

PLAIN = frozenset({int, str, float, bool, type(None), bytes, date, datetime, time, timedelta,
                   Decimal, UUID})  # fmt: skip
SEQUENCES = frozenset({list, tuple})


class UnknownParameter(Exception):
    """A parameter whose text may not say all that the database is given."""


def entry_key(parts: Iterable[str], params: Iterable[Any]) -> str:
    """Return the key in the store. Raises UnknownParameter.

    parts: the database and the way to it, session state, shape of the result, and SQL.
    """
    text = "".join([*(typed("", part) for part in parts), *map(param_text, params)])
    return f"q:{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()}"


def typed(kind: str, text: str) -> str:
    """Return a text so that it is known where it ends."""
    return f"{kind}:{len(text)}:{text}"


def param_text(param: Any) -> str:
    """Return what tells a value from all others. Raises UnknownParameter."""
    kind = type(param)
    if kind is str:
        return typed("s", param)
    if kind in PLAIN:
        return typed(kind.__name__, repr(param))
    if kind in SEQUENCES:
        return typed(kind.__name__, "".join(map(param_text, param)))
    if kind is dict:
        return typed("dict", "".join(param_text(one) for item in param.items() for one in item))
    return _wrapped(kind, param)


def _wrapped(kind: type[Any], param: Any) -> str:
    """Numbers and texts in types of a driver's, of Django's or of an Enum, psycopg's Int4 for one."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name in ADAPTED:
        return typed(name, ADAPTED[name](param))
    if name.startswith("psycopg.types.range."):  # its repr names type, ends and bounds
        return typed(name, repr(param))
    base = next((base for base in (int, str, float, bytes) if isinstance(param, base)), None)
    if base is None or not (isinstance(param, Enum) or name.startswith(("psycopg", "django."))):
        raise UnknownParameter(name)
    return typed(name, base.__repr__(param))


def _json(param: Any) -> str:
    import json  # noqa: PLC0415 - seldom needed

    dumps = param.dumps or json.dumps
    text = dumps(param.obj)
    return text if isinstance(text, str) else text.decode()


ADAPTED: dict[str, Callable[[Any], str]] = {
    "psycopg.types.json.Jsonb": _json,
    "psycopg.types.json.Json": _json,
    "ipaddress.IPv4Address": str,
    "ipaddress.IPv6Address": str,
    "builtins.memoryview": lambda param: repr(bytes(param)),
    "psycopg.dbapi20.Binary": lambda param: repr(bytes(param.obj)),
}
