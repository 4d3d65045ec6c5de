"""The lab's probes of safety on the real replica: it passes, and a writer past the cache is found."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from loadtest.safety.line import open_lines
from loadtest.safety.login import log_in
from loadtest.safety.probe import Found
from loadtest.safety.sessions import log_in_and_out
from loadtest.safety.writing import NAME, Seat, Writing, write_then_read

from .replica import Replica, wait_until

WORKERS = 2
ROUNDS = 6


@pytest.fixture(scope="module")
def cached(replica: Replica) -> Replica:
    replica.up(["query-cache"])
    return replica


@contextmanager
def seats(replica: Replica) -> Iterator[list[Seat]]:
    """The same two users at each worker."""
    with open_lines(replica.url, WORKERS) as lines:
        writer, _ = log_in(lines[0], "student000000")
        reader, _ = log_in(lines[0], "student000001")
        yield [Seat("query-cache", line, writer, reader) for line in lines]


def probed(writing: Writing) -> Found:
    """Once the pages come from the cache: the session's query is all that is left."""
    for seat in writing.seats:
        wait_until(
            lambda seat=seat: 0 <= seat.line.get(writing.profile, seat.reader).queries <= 1,
            15,
            "the profile comes from the cache",
        )
    return write_then_read(writing, ROUNDS, writing.seats[0], as_tree=False)


def test_writes_through_the_site_show_at_once_in_every_worker(cached: Replica) -> None:
    with seats(cached) as own:
        found = probed(Writing(seats=own, elsewhere=(), mark="site"))
    assert (found.status, found.example) == ("passed", "")
    assert found.counts["processes"] == WORKERS
    assert found.counts["reads"] >= ROUNDS * WORKERS * 2


def test_writer_that_goes_past_the_cache_is_reported_as_stale(cached: Replica) -> None:
    class Past(Writing):
        """Changes the name in the database, where the cache isn't told of it."""

        def write(self, kind: str, number: int) -> tuple[str, str, list[str]]:
            before, self.name = self.name, f"{NAME} <i>{self.mark}-{kind}-{number}</i>"
            with cached.database(role="app") as connection:
                sql = "UPDATE campus_profile SET name = %s FROM auth_user WHERE auth_user.id = user_id"
                sql += " AND username = %s"
                done = connection.execute(sql, [self.name, self.seats[0].writer.user])
                assert done.rowcount == 1
            return self.name, before, [self.profile]

    with seats(cached) as own:
        found = probed(Past(seats=own, elsewhere=(), mark="past"))
    assert found.status == "failed"
    assert found.counts["stale"] >= ROUNDS
    assert "what was written isn't there" in found.example


def test_logged_out_session_is_dead_in_every_worker(cached: Replica) -> None:
    with open_lines(cached.url, WORKERS) as lines:
        found, cookies = log_in_and_out(lines, "student000002", 2, None)
    assert (found.status, found.example) == ("passed", "")
    assert any(one.startswith("sessionid; HttpOnly") for one in cookies)
