"""The instruments: each wraps one function of a library and adds to the counters of the request.

Outside of a request they hand on, and do nothing else. Where they go is listed in `install.py`.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from time import perf_counter
from typing import Any
from weakref import WeakSet

from slipstream.timing.counters import CURRENT

__all__ = [
    "add_to_connection",
    "async_cache",
    "async_round_trip",
    "cache",
    "compile_template",
    "connect",
    "remove_from_connection",
    "render_by_jinja2",
    "round_trip",
    "template",
]

Function = Callable[..., Any]
AsyncFunction = Callable[..., Awaitable[Any]]

# Physical connections that came out of a pool before; a checkout of one of these opens nothing.
_pooled: WeakSet[Any] = WeakSet()


def count_query(execute: Function, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Count a query: an execute wrapper of Django. `executemany` is one."""
    counters = CURRENT.get()
    if counters is None or counters.in_connect:
        return execute(sql, params, many, context)
    counters.queries += 1
    start = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        counters.db_seconds += perf_counter() - start


def add_to_connection(connection: Any) -> None:
    """Make `connection`, Django's, count its queries."""
    wrappers = connection.execute_wrappers
    if count_query not in wrappers:
        # First: Django's `execute_wrapper()` takes away the last one when it ends.
        wrappers.insert(0, count_query)


def remove_from_connection(connection: Any) -> None:
    """Make `connection` count no more."""
    if count_query in connection.execute_wrappers:
        connection.execute_wrappers.remove(count_query)


def connect(original: Function) -> Function:
    """Time the opening of a connection; what Django asks of a new one is not the page's query."""

    @wraps(original)
    def timed(self: Any) -> None:
        add_to_connection(self)
        counters = CURRENT.get()
        if counters is None:
            original(self)
            _is_new(self)
            return
        counters.in_connect = True
        start = perf_counter()
        try:
            original(self)
            counters.connections += _is_new(self)
        finally:
            counters.connect_seconds += perf_counter() - start
            counters.in_connect = False

    return timed


def _is_new(connection: Any) -> bool:
    if getattr(connection, "pool", None) is None:
        return True
    new = connection.connection not in _pooled
    _pooled.add(connection.connection)
    return new


def template(original: Function) -> Function:
    """Time an engine, without the queries, connections and cache calls that a template makes."""

    @wraps(original)
    def timed(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is None or counters.in_template:
            return original(*args, **kwargs)
        counters.in_template = True
        waited = counters.db_seconds + counters.connect_seconds + counters.cache_seconds
        start = perf_counter()
        try:
            return original(*args, **kwargs)
        finally:
            waited -= counters.db_seconds + counters.connect_seconds + counters.cache_seconds
            counters.template_seconds += max(perf_counter() - start + waited, 0.0)
            counters.in_template = False

    return timed


def compile_template(original: Function) -> Function:
    """Count a compiled template, and time it where no engine is at work around it."""
    timed = template(original)

    @wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is not None:
            counters.compiled += 1
        return timed(*args, **kwargs)

    return counted


def render_by_jinja2(original: Function) -> Function:
    """Time Jinja2, and count what it rendered for a view."""
    timed = template(original)

    @wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is not None:
            counters.rendered_by_jinja2 += 1
        return timed(*args, **kwargs)

    return counted


def cache(original: Function) -> Function:
    """Time a step of a cache client."""

    @wraps(original)
    def timed(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is None or counters.in_cache:
            return original(*args, **kwargs)
        counters.in_cache = True
        start = perf_counter()
        try:
            return original(*args, **kwargs)
        finally:
            counters.cache_seconds += perf_counter() - start
            counters.in_cache = False

    return timed


def round_trip(original: Function) -> Function:
    """Count what a cache client sends at once, a pipeline for instance, as one round trip."""
    timed = cache(original)

    @wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is not None:
            counters.round_trips += 1
        return timed(*args, **kwargs)

    return counted


def async_cache(original: AsyncFunction) -> AsyncFunction:
    """Time a step of an asynchronous cache client."""

    @wraps(original)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is None or counters.in_cache:
            return await original(*args, **kwargs)
        counters.in_cache = True
        start = perf_counter()
        try:
            return await original(*args, **kwargs)
        finally:
            counters.cache_seconds += perf_counter() - start
            counters.in_cache = False

    return timed


def async_round_trip(original: AsyncFunction) -> AsyncFunction:
    """Count what an asynchronous cache client sends at once as one round trip."""
    timed = async_cache(original)

    @wraps(original)
    async def counted(*args: Any, **kwargs: Any) -> Any:
        counters = CURRENT.get()
        if counters is not None:
            counters.round_trips += 1
        return await timed(*args, **kwargs)

    return counted
