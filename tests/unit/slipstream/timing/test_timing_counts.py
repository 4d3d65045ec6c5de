"""Server-Timing counts what a view did, exactly, and takes no time twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import AsyncClient, Client, override_settings
from django.test.utils import CaptureQueriesContext

from slipstream.timing.counters import CURRENT, record_round_trip
from slipstream.timing.instruments import connect

from .conftest import timing_of
from .tiny_site import LOADERS, templates

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("times", [0, 1, 7])
def test_queries_are_counted(client: Client, times: int) -> None:
    timing = timing_of(client.get(f"/queries/{times}/"))
    assert timing.queries == times
    assert (timing.db > 0) == (times > 0)


def test_executemany_is_one_query(client: Client) -> None:
    assert timing_of(client.get("/batch/")).queries == 2


def test_query_that_fails_is_counted(client: Client) -> None:
    assert timing_of(client.get("/failing-query/")).queries == 1


@pytest.mark.parametrize("times", [0, 1, 3])
def test_new_connections_are_counted_and_their_set_up_is_no_query(
    client: Client, times: int
) -> None:
    timing = timing_of(client.get(f"/connect/{times}/"))
    assert (timing.connections, timing.queries) == (times, 0)
    assert (timing.connect > 0) == (times > 0)


def test_query_of_a_site_that_sets_up_each_connection_is_not_the_page_s(client: Client) -> None:
    def set_up(connection: Any, **_kwargs: Any) -> None:
        connection.cursor().execute("PRAGMA case_sensitive_like = 1").close()

    with connected(set_up):
        timing = timing_of(client.get("/connect/2/"))
    assert (timing.connections, timing.queries) == (2, 0)


@contextmanager
def connected(receiver: Callable[..., None]) -> Iterator[None]:
    connection_created.connect(receiver)
    yield
    connection_created.disconnect(receiver)


def test_templates_are_counted_when_compiled(client: Client) -> None:
    timing = timing_of(client.get("/page/"))
    assert timing.compiled == 2
    assert timing.template > 0


def test_templates_out_of_the_cached_loader_are_not_compiled(client: Client) -> None:
    cached = [("django.template.loaders.cached.Loader", LOADERS)]
    with override_settings(TEMPLATES=templates(cached)):
        compiled = [timing_of(client.get("/page/")).compiled for _ in range(2)]
    assert compiled == [2, 0]


def test_jinja2_templates_are_counted_too(client: Client) -> None:
    timing = timing_of(client.get("/jinja-page/"))
    assert timing.compiled == 1
    assert timing.template > 0


@pytest.mark.parametrize(("path", "rendered"), [("/jinja-page/", 1), ("/page/", 0)])
def test_what_jinja2_rendered_is_counted_apart(client: Client, path: str, rendered: int) -> None:
    assert timing_of(client.get(path)).jinja2 == rendered


def test_query_within_a_template_is_not_the_engine_s_time(client: Client) -> None:
    timing = timing_of(client.get("/slow-query-in-template/"))
    assert timing.queries == 3
    assert timing.template < timing.db


def test_template_within_a_template_is_timed_once(client: Client) -> None:
    timing = timing_of(client.get("/template-in-template/"))
    assert timing.compiled == 2
    assert timing.total / 2 < timing.template <= timing.total


@pytest.mark.parametrize("times", [0, 4])
def test_round_trips_that_are_reported_are_counted(client: Client, times: int) -> None:
    timing = timing_of(client.get(f"/round-trips/{times}/"))
    assert (timing.round_trips, timing.cache) == (times, times * 250.0)


def test_parts_add_up_to_no_more_than_the_total(client: Client) -> None:
    timing = timing_of(client.get("/slow-query-in-template/"))
    assert timing.db + timing.connect + timing.template + timing.cache <= timing.total


def test_each_request_counts_from_zero(client: Client) -> None:
    counts = [timing_of(client.get("/queries/2/")).queries for _ in range(3)]
    assert counts == [2, 2, 2]


def test_second_installation_counts_nothing_twice(client: Client) -> None:
    client.get("/page/")
    timing = timing_of(Client().get("/page/"))  # its handler makes another middleware
    assert timing.compiled == 2


def test_async_view_is_counted(client: Client) -> None:  # noqa: ARG001 - for its settings
    timing = timing_of(async_to_sync(AsyncClient().get)("/async/"))
    assert timing.round_trips == 1


def test_sync_view_under_asgi_is_counted(client: Client) -> None:  # noqa: ARG001 - as above
    timing = timing_of(async_to_sync(AsyncClient().get)("/round-trips/3/"))
    assert timing.round_trips == 3


def test_requests_in_other_threads_do_not_mix(client: Client) -> None:
    client.get("/queries/0/")  # one set-up of the handler for all
    counts: dict[int, list[int]] = {}
    together = threading.Barrier(4)

    def work(times: int) -> None:
        together.wait(timeout=10)
        counts[times] = [timing_of(Client().get(f"/queries/{times}/")).queries for _ in range(20)]
        # Django keeps a database in memory open, here in a thread that ends.
        connection.connection.close()

    threads = [threading.Thread(target=work, args=(times,)) for times in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {times: [times] * 20 for times in range(1, 5)}


def test_django_s_own_counting_goes_on(client: Client) -> None:
    client.get("/queries/0/")
    with CaptureQueriesContext(connection) as captured:
        timing = timing_of(client.get("/queries/3/"))
    assert len(captured) == timing.queries == 3


def test_wrappers_of_the_site_survive_a_connection_that_opens_within_them(client: Client) -> None:
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    client.get("/queries/0/")
    connection.execute_wrappers.clear()
    with connection.execute_wrapper(note):
        connect(lambda self: self.ensure_connection())(connection)
        assert timing_of(client.get("/queries/1/")).queries == 1
    assert len(seen) == 1
    assert timing_of(client.get("/queries/1/")).queries == 1


def test_nothing_is_counted_outside_of_a_request(client: Client) -> None:
    client.get("/queries/0/")
    connection.ensure_connection()
    record_round_trip(1.0)
    assert CURRENT.get() is None
