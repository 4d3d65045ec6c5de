"""Puts the instruments into Django, Jinja2 and redis-py, once per process, and takes them out.

The instruments themselves are in `instruments.py`.
"""

import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

__all__ = ["install", "uninstall"]

Instrument = Callable[[Callable[..., Any]], Callable[..., Any]]
Place = tuple[type[Any], str, Instrument]

_lock = threading.Lock()
_originals: list[tuple[type[Any], str, Any]] = []


def install() -> None:
    """Start to count in this process; a second call does nothing."""
    from slipstream.timing.instruments import add_to_connection  # noqa: PLC0415 - needs settings

    with _lock:
        if _originals:
            return
        for owner, name, instrument in _places():
            original = getattr(owner, name)
            _originals.append((owner, name, original))
            setattr(owner, name, instrument(original))
    for connection in _open_connections():
        add_to_connection(connection)


def uninstall() -> None:
    """Stop counting; for benchmarks and tests, which compare with and without."""
    from slipstream.timing.instruments import remove_from_connection  # noqa: PLC0415 - as above

    with _lock:
        while _originals:
            setattr(*_originals.pop())
    for connection in _open_connections():
        remove_from_connection(connection)


def _open_connections() -> list[Any]:
    from django.db import connections  # noqa: PLC0415 - as above

    return list(connections.all(initialized_only=True))


def _places() -> Iterator[Place]:
    yield from _django_places()
    if find_spec("jinja2"):
        yield from _jinja2_places()
    if find_spec("redis"):
        yield from _redis_places()


def _django_places() -> Iterator[Place]:
    from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: PLC0415 - as above
    from django.template.backends import django as backend  # noqa: PLC0415
    from django.template.base import Template  # noqa: PLC0415

    from slipstream.timing import instruments  # noqa: PLC0415

    yield BaseDatabaseWrapper, "connect", instruments.connect
    yield backend.DjangoTemplates, "get_template", instruments.template
    yield backend.Template, "render", instruments.template
    yield Template, "compile_nodelist", instruments.compile_template


def _jinja2_places() -> Iterator[Place]:
    from django.template.backends import jinja2 as backend  # noqa: PLC0415 - Jinja2 is optional
    from jinja2 import Environment  # noqa: PLC0415

    from slipstream.timing import instruments  # noqa: PLC0415

    yield backend.Jinja2, "get_template", instruments.template
    yield backend.Template, "render", instruments.render_by_jinja2
    yield Environment, "compile", instruments.compile_template


def _redis_places() -> Iterator[Place]:
    from redis import connection  # noqa: PLC0415 - redis-py is optional
    from redis.asyncio import connection as aconnection  # noqa: PLC0415

    from slipstream.timing import instruments  # noqa: PLC0415

    yield connection.AbstractConnection, "connect_check_health", instruments.cache
    yield connection.AbstractConnection, "send_packed_command", instruments.round_trip
    yield connection.AbstractConnection, "read_response", instruments.cache
    yield aconnection.AbstractConnection, "connect_check_health", instruments.async_cache
    yield aconnection.AbstractConnection, "send_packed_command", instruments.async_round_trip
    yield aconnection.AbstractConnection, "read_response", instruments.async_cache
