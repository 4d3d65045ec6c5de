"""The query review of a site of bad views: each kind is found on the right line, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from .visiting import visit

HERE = Path(__file__).parent
SITE = "tests/unit/slipstream/profiling/bad_site.py"
TEMPLATES = "tests/unit/slipstream/profiling/templates"
PATHS = (
    *("/fine/", "/row_by_row/", "/row_by_row_in_a_template/", "/row_by_row_in_jinja2/"),
    *("/counted_one_by_one/", "/written_one_by_one/?n=1", "/repeated/", "/everything/"),
    *("/everything_as_tuples/", "/limited/", "/unread/", "/unread/?mail"),
    *("/unread_joined/", "/raw/", "/pickled/", "/who/", "/missing/"),
)


def line_of(mark: str, file: str = "bad_site.py") -> int:
    """The one line of a file here that has `mark` in it."""
    lines = (HERE / file).read_text().splitlines(keepends=True)
    (line,) = [number for number, line in enumerate(lines, 1) if mark in line]
    return line


@pytest.fixture(scope="module")
def pages() -> dict[str, Any]:
    """What the review says, by page."""
    *_, answer = visit(*PATHS, "/-/review", tools="review")
    found: dict[str, Any] = answer["pages"]
    return found


def todo(pages: dict[str, Any], name: str) -> list[tuple[str, str, int]]:
    """Kind, file and line of all that is to be done about a page."""
    return [(one["kind"], one["file"], one["line"]) for one in pages[name]["todo"]]


def test_a_view_as_a_reviewer_wants_it_has_nothing_to_do(pages: dict[str, Any]) -> None:
    # Two counts with other values, 100 rows with a limit, each column read.
    assert todo(pages, "fine") == []
    assert pages["fine"]["statements"] == 3


def test_a_relation_looked_up_row_by_row_is_named_with_its_line(pages: dict[str, Any]) -> None:
    (found,) = (one for one in pages["row_by_row"]["todo"] if one["kind"] == "n+1")
    assert (found["file"], found["line"]) == (SITE, line_of("# row by row"))
    assert found["text"].startswith("admin.LogEntry.user is looked up row by row, 5 times")


def test_one_row_by_row_is_not_reported_as_similar_statements_too(pages: dict[str, Any]) -> None:
    assert "similar" not in [kind for kind, _, _ in todo(pages, "row_by_row")]


@pytest.mark.parametrize(
    ("page", "template", "mark"),
    [
        ("row_by_row_in_a_template", "bad.html", "# renders\n"),
        ("row_by_row_in_jinja2", "bad.jinja", "# renders Jinja2"),
    ],
)
def test_a_lookup_in_a_template_is_on_the_template_s_line(
    pages: dict[str, Any], page: str, template: str, mark: str
) -> None:
    (found,) = (one for one in pages[page]["todo"] if one["kind"] == "n+1")
    line = line_of("entry.user.username", f"templates/{template}")
    assert (found["file"], found["line"]) == (f"{TEMPLATES}/{template}", line)
    assert found["via"] == f"{SITE}:{line_of(mark)}"


def test_statements_that_differ_in_values_alone_are_found(pages: dict[str, Any]) -> None:
    assert todo(pages, "counted_one_by_one") == [("similar", SITE, line_of("# similar"))]
    (found,) = pages["counted_one_by_one"]["todo"]
    assert found["text"].startswith("4 statements that differ in their values alone: fetch")


def test_writes_in_a_loop_are_to_be_made_at_once(pages: dict[str, Any]) -> None:
    assert todo(pages, "written_one_by_one") == [("similar", SITE, line_of("# writes"))]
    assert "write all at once" in pages["written_one_by_one"]["todo"][0]["text"]


def test_a_repeated_statement_names_every_line_that_asks(pages: dict[str, Any]) -> None:
    (found,) = pages["repeated"]["todo"]
    assert (found["kind"], found["line"]) == ("repeated", line_of("# first time"))
    assert found["also"] == [f"{SITE}:{line_of('# second time')}"]


@pytest.mark.parametrize(
    ("page", "mark"), [("everything", "# everything"), ("everything_as_tuples", "# tuples")]
)
def test_many_rows_without_a_limit_are_found(pages: dict[str, Any], page: str, mark: str) -> None:
    assert ("unpaginated", SITE, line_of(mark)) in todo(pages, page)
    (found,) = (one for one in pages[page]["todo"] if one["kind"] == "unpaginated")
    # 120 and the three that another page wrote.
    assert found["text"].startswith("123 rows without a LIMIT")


def test_many_rows_with_a_limit_are_fine(pages: dict[str, Any]) -> None:
    assert todo(pages, "limited") == []


def test_columns_that_no_request_of_a_page_reads_are_found(pages: dict[str, Any]) -> None:
    assert todo(pages, "unread") == [("unread-columns", SITE, line_of("# unread"))]
    (found,) = pages["unread"]["todo"]
    # One request reads the name, the other one the address: neither is unread.
    assert found["text"].startswith("8 of 11 columns of auth.User are never read of any of 2 rows")
    assert "username" not in found["text"]
    assert "email" not in found["text"]


def test_keys_that_a_join_needs_are_not_unread(pages: dict[str, Any]) -> None:
    (entry, user) = sorted(one["text"] for one in pages["unread_joined"]["todo"])
    assert entry.startswith("6 of 8 columns of admin.LogEntry")  # neither the key nor user_id
    assert "user_id" not in entry
    assert user.startswith("9 of 11 columns of auth.User")


def test_columns_of_raw_queries_are_watched(pages: dict[str, Any]) -> None:
    (found,) = pages["raw"]["todo"]
    assert found["text"].startswith("1 of 2 columns of auth.Group are never read of any of 3 rows")


def test_a_copied_instance_counts_as_read(pages: dict[str, Any]) -> None:
    assert todo(pages, "pickled") == []


def test_what_libraries_do_is_not_to_be_done_by_the_site(pages: dict[str, Any]) -> None:
    # The session and the user: the user's many columns are no business of the site's.
    assert pages["who"]["statements"] == 2
    assert (pages["who"]["todo"], pages["who"]["elsewhere"]) == ([], [])


def test_requests_are_counted_and_the_review_begins_anew_when_told() -> None:
    first, *_, second, third = visit(
        *("/fine/", "/fine/", "/-/review", "POST=/-/review", "/-/review"), tools="review"
    )[1:]
    assert first["status"] == 200
    assert [second, third] == [{"pages": {}}, {"pages": {}}]


def test_pages_are_the_same_with_the_query_cache_on() -> None:
    # Unsure of its tables at first, then it stores what it is given, then it answers by itself.
    once = ("/fine/", "/who/")
    words = (*once, *["/slow/"] * 8, *once, *["/slow/"] * 8, *once, *once)
    cached = {"SLIPSTREAM_ACTIVE": "query-cache", "SLIPSTREAM_GENERATIONS_HOLD_SECONDS": "0.1"}
    *pages, review, proof = visit(*words, "/-/review", "/-/optimizations", tools="review", **cached)
    assert proof["probes"]["query-cache"]["evidence"]["hits"] > 2  # two are the proof's own
    assert pages == visit(*words, tools="")
    assert review["pages"]["who"] | {"path": ""} == {
        "path": "",
        "requests": 4,
        "statements": 2,
        "todo": [],
        "elsewhere": [],
    }
