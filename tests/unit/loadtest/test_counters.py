"""What services count: lines to them, their answers, and a count that isn't the site's."""

import sys
from typing import Any

import pytest

from loadtest.cells import cells
from loadtest.costs import check, line
from loadtest.costs.asked import asked
from loadtest.costs.books import Books
from loadtest.costs.counters import SOURCES
from loadtest.errors import ReplicaError
from tests.unit.loadtest.conftest import FakeRow

POSTGRES = ["name value", "statements 120", "key_checks 7", "evicted 0", "resets 17", "(4 rows)"]
POOLER = [
    "database total_server_assignment_count total_xact_count total_query_count total_wait_time",
    "campus 20 21 22 2300",
    "pgbouncer 0 10 10 0",
    "(2 rows)",
]
MEMCACHED = [
    *("STAT cmd_get 18", "STAT cmd_set 4", "STAT get_hits 17", "STAT get_misses 1"),
    *("STAT cas_hits 2", "STAT evictions 0", "STAT version 1.6.38"),
]
HEADER = 'db;dur=1.5;desc="3", connect;dur=0.5;desc="1", template;dur=2;desc="0", '
HEADER += 'cache;dur=0;desc="2", total;dur=5.0'

ECHO = """
import sys
for number, question in enumerate(sys.stdin):
    print(f"answer {number} to {question.strip()}", "END", sep="\\n", flush=True)
"""


def test_answers_are_read_by_name() -> None:
    kinds = {"statements": 120, "pings": 0, "set_up": 0, "key_checks": 7, "catalog": 0}
    assert SOURCES["postgres"].read(POSTGRES) == kinds | {"evicted": 0, "resets": 17}
    found = {"queries": 22, "transactions": 21, "assignments": 20, "wait_us": 2300}
    assert SOURCES["pgbouncer"].read(POOLER) == found
    assert SOURCES["memcached"].read(MEMCACHED)["get_hits"] == 17


def test_a_pooler_that_nobody_asked_yet_has_counted_nothing() -> None:
    assert set(SOURCES["pgbouncer"].read([POOLER[0], "(0 rows)"]).values()) == {0}


def test_sums_are_of_all_responses_and_say_which_came_without_counts() -> None:
    found = asked([HEADER, HEADER, ""])
    assert (found["responses"], found["untimed"]) == (3, 1)
    assert (found["queries"], found["connections"], found["round_trips"]) == (6, 2, 4)


def test_a_line_answers_each_question_in_turn() -> None:
    with line.opened([sys.executable, "-c", ECHO], "echo") as open_line:
        assert open_line.ask("one\n") == ["answer 0 to one"]
        assert open_line.ask("two\n") == ["answer 1 to two"]


def test_a_line_that_ends_says_its_last_words() -> None:
    ends = [sys.executable, "-c", "print('no such role')"]
    refused = pytest.raises(ReplicaError, match=r"statistics of 'postgres'.*no such role")
    with line.opened(ends, "postgres") as open_line, refused:
        open_line.ask("one\n")


def test_a_line_that_goes_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PATIENCE_SECONDS", 0.1)
    silent = [sys.executable, "-c", "import time; time.sleep(60)"]
    with line.opened(silent, "pgbouncer") as open_line, pytest.raises(ReplicaError, match="none"):
        open_line.ask("one\n")


def test_only_the_cells_own_services_are_asked() -> None:
    count = (
        "import sys\nfor n, _ in enumerate(sys.stdin): print('statements', n * 5 + 9); print('END')"
    )
    counting = [sys.executable, "-uc", count]
    baseline, _again, pooled = cells([FakeRow("pool", "connections", services=("pgbouncer",))])
    # One line of text each here, whatever the number of lines of the real question.
    with line.opened(counting, "postgres") as open_line:
        books = Books(lines={"postgres": OneLine(open_line)})  # type: ignore[dict-item]
        before = books.counters(baseline)
        assert set(before) == {"postgres"}
        assert books.since(before, pooled)["postgres"]["statements"] == 5
    assert Books().counters(baseline) == {}


class OneLine:
    def __init__(self, open_line: line.Line) -> None:
        self.open_line = open_line

    def ask(self, question: str) -> list[str]:
        return self.open_line.ask(question.replace("\n", " ") + "\n")


def phase(said: int, counted: int, **more: int) -> dict[str, Any]:
    postgres = {"statements": counted, "evicted": 0, "resets": 0} | more
    return {"asked": {"queries": said, "untimed": 0}, "servers": {"postgres": postgres}}


def test_counts_that_agree_raise_no_flag() -> None:
    assert list(check.flags({"mix": phase(1000, 1004), "one-query": phase(500, 503)})) == []


@pytest.mark.parametrize("counted", [1011, 989, 2000, 0])
def test_counts_more_than_one_percent_apart_are_flagged_with_both_figures(counted: int) -> None:
    (flag,) = check.flags({"mix": phase(1000, counted)})
    assert "1000 queries" in flag
    assert f"{counted} statements" in flag


def test_counts_that_the_database_dropped_are_not_compared() -> None:
    (flag,) = check.flags({"mix": phase(1000, 10, evicted=3)})
    assert "could not be cross-checked" in flag
    (flag,) = check.flags({"mix": phase(1000, 10, resets=60)})
    assert "could not be cross-checked" in flag


def test_windows_of_older_runs_have_nothing_to_compare() -> None:
    assert list(check.flags({"mix": {"requests": 10}})) == []
    assert check.sums({"mix": {"requests": 10}}) is None
