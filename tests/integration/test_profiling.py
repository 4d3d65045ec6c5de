"""The profile for development on the real replica: the site once more, with tools; web has none."""

import re
from collections.abc import Iterator
from copy import copy

import pytest

from .replica import Replica, assert_reports, free_port

SET = ("cached-templates",)
TOOLBAR = 'id="djDebug"'


def beside(replica: Replica, port: int, **environment: str) -> Replica:
    """The same replica, but web-profiling answers."""
    names = ",".join(("profiling", *SET))
    told = {"COMPOSE_PROFILES": names, "PROFILING_PORT": str(port)} | environment
    done = replica.compose("up", "-d", "--wait", **told)
    assert done.returncode == 0, replica.compose("logs", "--tail", "5").stdout + done.stdout
    other = copy(replica)
    other.url = f"http://127.0.0.1:{port}"
    return other


@pytest.fixture(scope="module")
def port(replica: Replica) -> Iterator[int]:
    """A port for it; it is gone afterwards."""
    yield free_port()
    replica.compose("rm", "--stop", "--force", "web-profiling")


def test_web_itself_has_neither_toolbar_nor_review_and_is_not_restarted(
    replica: Replica, port: int
) -> None:
    replica.up(SET)
    before = replica.container("web")["State"]["StartedAt"]

    other = beside(replica, port)

    assert replica.container("web")["State"]["StartedAt"] == before
    assert_reports(replica, SET)
    assert_reports(other, SET)
    for path in ("/-/review", "/-/flame", "/__debug__/"):
        assert replica.get(path).status_code == 404
    assert TOOLBAR not in replica.get("/colleges/").text


def test_pages_have_the_toolbar_and_the_review_says_where_to_change_them(
    replica: Replica, port: int
) -> None:
    other = beside(replica, port)
    session = other.login()
    assert TOOLBAR in other.get("/people/", session).text
    assert TOOLBAR in other.get("/colleges/").text

    pages = other.get("/-/review").json()["pages"]

    assert pages["colleges"] | {"path": ""} == {
        "path": "",
        "requests": 1,
        "statements": 1,
        "todo": [],
        "elsewhere": [],
    }
    # All dorms, to filter by: true, and the site's to decide.
    (found,) = (one for one in pages["people"]["todo"] if one["kind"] == "unpaginated")
    assert found["file"] == "campus/views/people.py"
    assert re.match(r"1\d\d rows without a LIMIT", found["text"])
    assert not [one for page in pages.values() for one in page["todo"] if one["kind"] == "n+1"]


def test_flame_graphs_are_of_each_page_and_alone(replica: Replica, port: int) -> None:
    other = beside(replica, port, PROFILING="flame")
    session = other.login()
    text = other.get("/people/", session).text

    pages = other.get("/-/flame").json()["pages"]
    graph = other.get("/-/flame?page=people").text

    assert TOOLBAR not in text
    assert pages["people"]["requests"] == 1
    assert pages["people"]["seconds"] > 0
    assert re.search(r'<span class="k0"[^>]*>people<', graph)
    assert "campus/views/people.py" in graph
