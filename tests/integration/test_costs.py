"""The lab's books of a real replica: each service's counts against what the pages say themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from loadtest.cells import Cell
from loadtest.costs import books, check
from loadtest.costs.asked import asked
from loadtest.costs.books import Books
from loadtest.costs.meter import Meter
from loadtest.paths import COMPOSE_FILE
from loadtest.pinning import plan
from loadtest.replica import lab
from loadtest.replica.compose import Compose

from .replica import Replica

CORES = "import os; print(*sorted(os.sched_getaffinity(0)), sep=',')"
PAGES = ("/dashboard/", "/people/", "/people/student000003/", "/posts/new/", "/colleges/")
SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("persistent-connections",),
    ("redis-sessions", "pgbouncer", "query-cache"),
)
SERVICES = {"redis-sessions": "redis", "pgbouncer": "pgbouncer", "query-cache": "memcached"}


class Web(Cell):
    """A cell whose web service is the replica's own."""

    service = "web"


@pytest.fixture(params=SETS, ids=lambda names: "+".join(names) or "baseline")
def kept(request: pytest.FixtureRequest, replica: Replica) -> Iterator[tuple[Books, Cell]]:
    """The books of a replica with a set of optimizations, and the set as a cell."""
    names: tuple[str, ...] = request.param
    replica.up(names)
    services = tuple(SERVICES[name] for name in names if name in SERVICES)
    cell = Web(name="web", active=names, factors=names, services=services, store="any")
    compose = Compose(project=replica.project, file=COMPOSE_FILE)
    with books.opened(compose, [cell], lambda _: None) as opened:
        yield opened, cell


def test_services_keep_to_their_own_cores_while_they_are_measured(replica: Replica) -> None:
    replica.up(())
    compose, cores = Compose(project=replica.project, file=COMPOSE_FILE), plan()
    assert cores.cpuset != cores.every, "this test needs two cores"
    own = lab.Replica(
        compose=compose, urls={}, memory_mib=0, cores={"web": cores.cpuset}, every=cores.every
    )

    def allowed() -> str:
        return compose.run("exec", "-T", "web", "python", "-c", CORES).strip()

    assert allowed() == cores.every
    with own.pinned():
        assert allowed() == cores.cpuset
    assert allowed() == cores.every


def visit(replica: Replica, session: requests.Session) -> list[str]:
    """Look at pages and write a post; return the responses' Server-Timing."""
    seen = [replica.get(path, session) for _ in range(4) for path in PAGES]
    form = {"body": "Counted twice.", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    page = f"{replica.url}/posts/new/"
    referer = {"Referer": page}
    seen.append(session.post(page, data=form, headers=referer, allow_redirects=False, timeout=30))
    assert {answer.status_code for answer in seen} == {200, 302}
    return [answer.headers["Server-Timing"] for answer in seen]


def phase(opened: Books, cell: Cell, before: Any, headers: list[str]) -> dict[str, Any]:
    return {"asked": asked(headers), "servers": opened.since(before, cell)}


def test_database_counts_what_the_pages_say(kept: tuple[Books, Cell], replica: Replica) -> None:
    opened, cell = kept
    session = replica.login()
    replica.get("/posts/new/", session)
    before = opened.counters(cell)

    found = phase(opened, cell, before, visit(replica, session))

    said, counted = check.sums({"mix": found}) or (0, 0)
    assert said == counted > 0, found
    assert list(check.flags({"mix": found})) == []
    assert found["servers"]["postgres"]["key_checks"] > 0
    if "pgbouncer" in cell.services:
        pooled = found["servers"]["pgbouncer"]["queries"]
        through = counted + found["servers"]["postgres"]["pings"]
        # The pooler's own health check may fall into it.
        assert through <= pooled <= through + 5, found


def test_statements_that_no_page_owns_up_to_are_flagged(
    kept: tuple[Books, Cell], replica: Replica
) -> None:
    opened, cell = kept
    session = replica.login()
    before = opened.counters(cell)
    headers = visit(replica, session)
    unseen = "from campus.models import College; [list(College.objects.all()) for _ in range(9)]"
    command = ("manage.py", "shell", "--no-imports", "-c", unseen)
    done = replica.compose("exec", "-T", "-e", "SLIPSTREAM_ACTIVE=", "web", "python", *command)
    assert done.returncode == 0, done.stdout

    (flag,) = check.flags({"mix": phase(opened, cell, before, headers)})

    assert "more than 1 % apart" in flag


def test_work_is_booked_to_the_service_that_does_it(
    kept: tuple[Books, Cell], replica: Replica
) -> None:
    opened, cell = kept
    session = replica.login()
    meter = Meter.of(opened.accounts(cell))
    meter.begin()
    headers = visit(replica, session)
    meter.end()

    costs = meter.costs(len(headers))

    assert set(costs["cpu_ms"]) == {"web", "postgres", *cell.services}
    assert costs["cpu_ms"]["web"] == max(costs["cpu_ms"].values()) > 0
    assert all(held > 2**20 for held in costs["memory_bytes"].values())
