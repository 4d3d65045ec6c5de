"""Which probes decide, what is a difference, and how a verdict reaches terminal, report and CI."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest import junit
from loadtest.cells import cells
from loadtest.safety import show
from loadtest.safety.checks import checks as safety_checks
from loadtest.safety.difference import cookies, difference
from loadtest.safety.fields import fields
from loadtest.safety.line import Answer, Visitor
from loadtest.safety.outage import SERVICES
from loadtest.safety.sample import sample
from loadtest.safety.verdict import APPLY, EVERYWHERE, VERIFY, applying, shared_by, verdicts
from loadtest.safety.verify import DIFFERS, VARIABLE, cell_of, with_verify
from loadtest.settings import Settings
from slipstream import config
from slipstream.optimizations import OPTIMIZATIONS
from slipstream.querycache import verify as site_verify
from tests.unit.loadtest.conftest import FakeRow
from tests.unit.loadtest.test_project import CELLS, lab
from tests.unit.loadtest.test_report import outcome, row
from tests.unit.loadtest.test_report import shown as printed
from tests.unit.loadtest.test_report_page import page, whole

HTML = ("Content-Type", "text/html; charset=utf-8")


def answer(text: str = "", *headers: tuple[str, str], status: int = 200) -> Answer:
    return Answer(status=status, headers=(HTML, *headers), text=text, queries=0, worker=1)


def probe(status: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "counts": {}, "example": "", "reason": ""} | more


@pytest.mark.parametrize("row", OPTIMIZATIONS, ids=lambda row: row.name)
def test_every_optimization_has_probes_that_could_find_it_unsafe(row: Any) -> None:
    probes = applying([row.factor])
    assert probes, f"loadtest/safety/verdict.py has no row for the factor {row.factor!r}"
    assert set(probes) <= {*EVERYWHERE, VERIFY, *SERVICES}
    assert set(probes) <= set(show.HEADINGS)


def test_table_of_probes_has_no_factor_that_is_gone() -> None:
    assert set(APPLY) == {row.factor for row in OPTIMIZATIONS}


@pytest.mark.parametrize(
    ("found", "verdict", "because"),
    [
        ({"crawl": probe("passed"), "write-then-read": probe("passed")}, "safe", ""),
        (
            {"crawl": probe("failed", example="x"), "write-then-read": probe("passed")},
            "unsafe",
            "crawl: x",
        ),
        (
            {"crawl": probe("not done", reason="y"), "write-then-read": probe("passed")},
            "not shown",
            "crawl: y",
        ),
        ({"crawl": probe("passed")}, "not shown", "write-then-read: wasn't done"),
        ({}, "not shown", "crawl: wasn't done; write-then-read: wasn't done"),
    ],
)
def test_safe_needs_every_probe_and_unsafe_only_one(found: Any, verdict: str, because: str) -> None:
    plan = [{"name": "jinja2", "factors": ["engine"]}]
    made = verdicts(plan, {"jinja2": {"probes": found}}, {}, {})["jinja2"]
    assert (made["verdict"], made["because"]) == (verdict, because)


def test_unsafe_probe_outweighs_one_that_was_not_done() -> None:
    found = {
        "crawl": probe("not done", reason="y"),
        "write-then-read": probe("failed", example="x"),
    }
    plan = [{"name": "jinja2", "factors": ["engine"]}]
    assert verdicts(plan, {"jinja2": {"probes": found}}, {}, {})["jinja2"]["verdict"] == "unsafe"


def test_probe_that_does_not_apply_decides_nothing() -> None:
    found = {"crawl": probe("passed"), "write-then-read": probe("passed")}
    found["sessions"] = probe("failed", example="x")
    plan = [{"name": "jinja2", "factors": ["engine"]}]
    assert verdicts(plan, {"jinja2": {"probes": found}}, {}, {})["jinja2"]["verdict"] == "safe"


def test_factor_without_a_probe_is_never_shown_safe() -> None:
    made = verdicts([{"name": "new", "factors": ["new"]}], {}, {}, {})["new"]
    assert made["verdict"] == "not shown"
    assert "no probe applies to 'new'" in made["because"]


@pytest.mark.parametrize("name", [VERIFY, "without memcached"])
def test_query_cache_needs_the_probes_that_are_done_once(name: str) -> None:
    plan = [{"name": "query-cache", "factors": ["queries"]}]
    own = {"query-cache": {"probes": {one: probe("passed") for one in EVERYWHERE}}}
    shared = {one: probe("passed") for one in shared_by([["queries"]])}
    found = {one: shared | {name: probe(one)} for one in ("passed", "failed")}
    found["missing"] = {key: one for key, one in shared.items() if key != name}
    assert {
        key: verdicts(plan, own, one, {})["query-cache"]["verdict"] for key, one in found.items()
    } == {
        "passed": "safe",
        "failed": "unsafe",
        "missing": "not shown",
    }


PAGE = '<p class="a b">one</p>\n<input name="csrfmiddlewaretoken" value="aaa">\n'


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (answer(PAGE, status=500), "status 500 instead of 200"),
        (answer(PAGE.replace("one", "two")), "'<p class=\"a b\">two</p>' instead of"),
        (answer(PAGE, ("Vary", "Cookie")), "header vary: ['Cookie'] instead of []"),
        (answer(PAGE, ("Location", "/login/")), "header location"),
        (answer(PAGE, ("Cache-Control", "public")), "header cache-control"),
        (
            answer(PAGE, ("Set-Cookie", "sessionid=1; Path=/")),
            "header set-cookie: ['sessionid; Path=/']",
        ),
        (answer(PAGE.rstrip()), "ends of lines"),
        (answer(PAGE + " "), "instead of"),
    ],
)
def test_what_a_visitor_would_see_is_a_difference(found: Answer, said: str) -> None:
    assert said in difference(answer(PAGE), found)


@pytest.mark.parametrize(
    "found",
    [
        answer(PAGE.replace("aaa", "bbb")),
        answer(
            PAGE, ("Date", "x"), ("Expires", "y"), ("Server-Timing", "z"), ("Content-Length", "9")
        ),
    ],
)
def test_tokens_and_clocks_are_no_difference(found: Answer) -> None:
    assert difference(answer(PAGE), found) == ""


def test_values_of_cookies_and_nonces_differ_and_their_flags_may_not() -> None:
    first = answer("", ("Set-Cookie", "a=1; expires=now; Path=/; HttpOnly"), ("CSP", "'nonce-1'"))
    again = answer("", ("Set-Cookie", "a=2; expires=then; HttpOnly; Path=/"), ("CSP", "'nonce-2'"))
    open_to_scripts = answer("", ("Set-Cookie", "a=1; Path=/"), ("CSP", "'nonce-1'"))
    assert difference(first, again) == ""
    assert "HttpOnly" in difference(first, open_to_scripts)
    assert cookies(first) == ["a; HttpOnly; Path=/"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('<p class="b a">one</p><input value="ccc" name="csrfmiddlewaretoken">', False),
        ('<p class="b a">one</p>   <input name="csrfmiddlewaretoken" value="c">', True),
        ('<p class="a b">two</p><input name="csrfmiddlewaretoken" value="c">', False),
        ('<p class="a b">one<input name="csrfmiddlewaretoken" value="c"></p>', False),
        ("<p><b></p>", False),
    ],
)
def test_engines_may_differ_in_blanks_and_not_in_the_tree(text: str, same: bool) -> None:
    assert (difference(answer(PAGE), answer(text), as_tree=True) == "") is same


def test_page_that_is_no_html_is_compared_to_the_letter() -> None:
    plain = Answer(status=200, headers=(), text="a  b", queries=0, worker=1)
    other = Answer(status=200, headers=(), text="a b", queries=0, worker=1)
    assert difference(plain, other, as_tree=True)


def test_cookie_that_is_to_be_removed_is() -> None:
    visitor = Visitor()
    visitor.take("a=1; Path=/")
    other = visitor.again()
    visitor.take('a=""; Max-Age=0; Path=/')
    assert (visitor.cookies, other.cookies) == ({}, {"a": "1"})


def test_form_is_sent_as_a_browser_would() -> None:
    html = """<form><input name="name" value="O&#x27;Neil"><input type="submit" value="no">
    <select name="dorm"><option value="1">a<option value="2" selected>b</select>
    <textarea name="about">
two
lines</textarea><select name="empty"><option value="9">a</select></form>"""
    assert fields(html) == {"name": "O'Neil", "dorm": "2", "about": "two\nlines"}


def test_sample_follows_links_on_the_site_and_is_bounded() -> None:
    links = "".join(f'<a href="/posts/{number}/">x</a>' for number in range(1, 99))
    links += '<a href="//elsewhere/people/a/">x</a><a href="/static/a.css">x</a><a href="?after=b c">x</a>'
    found = sample(lambda _: links, 4)
    assert "/people/?after=b%20c" in found
    assert "/posts/1/" in found
    assert len([path for path in found if re.fullmatch(r"/posts/\d+/", path)]) == 4
    assert len(found) < 40
    assert not [path for path in found if "elsewhere" in path or "static" in path]


def test_verified_cell_is_the_one_with_the_most_beside_the_query_cache() -> None:
    rows = [FakeRow("cache", "queries"), FakeRow("pool", "connections")]
    assert cell_of(cells(rows)).name == "recommended"
    assert cell_of(cells(rows, ["cache"])).name == "cache"


def test_lab_and_site_agree_on_how_verify_mode_is_turned_on_and_on_what_it_says() -> None:
    # Under another name nothing would be verified, and nothing found.
    assert not config.read({}, {}).query_cache.VERIFY
    assert config.read({}, {VARIABLE: "1"}).query_cache.VERIFY
    assert DIFFERS in Path(site_verify.__file__).read_text()


def test_verify_mode_is_a_web_service_more_and_changes_no_other() -> None:
    model, like = lab(), CELLS[-1]
    found = with_verify(model, like, CELLS[0], 9)["services"]
    own = found.pop(CELLS[0].service)
    assert own["environment"] == model["services"][like.service]["environment"] | {VARIABLE: "1"}
    assert [one["published"] for one in own["ports"]] == ["9"]
    assert VARIABLE not in str(model)
    assert found == {
        name: one for name, one in model["services"].items() if name != CELLS[0].service
    }


def found_of(verdict: str, cell: str) -> dict[str, Any]:
    counts = {"compared": 208, "differences": 0 if verdict == "safe" else 3}
    because = "" if verdict == "safe" else "crawl: <b>[red]a name</b>"
    crawled = probe("passed", counts=counts)
    return {"cell": cell, "verdict": verdict, "because": because, "probes": {"crawl": crawled}}


def with_safety(result: dict[str, Any], verdict: str, cell: str = "pool") -> dict[str, Any]:
    return result | {"safety": {"verdicts": {"pool": found_of(verdict, cell)}}}


@pytest.mark.parametrize("verdict", ["safe", "unsafe", "not shown"])
def test_terminal_has_a_table_of_verdicts_with_counts_and_reasons(verdict: str) -> None:
    text = printed(with_safety(outcome(pool=row(1.2, 1.1, 1.3)), verdict))
    assert "pages compared" in text
    assert ("208, 3 differences" in text) is (verdict != "safe")
    assert (f"{verdict}: pool: crawl: <b>[red]a name</b>" in text) is (verdict != "safe")


def test_safety_alone_is_shown_without_windows() -> None:
    text = printed(with_safety(outcome() | {"table": {}, "complete": True}, "safe"))
    assert "pages compared" in text


@pytest.mark.parametrize("verdict", ["safe", "unsafe", "not shown"])
def test_page_has_the_verdict_beside_the_speed_and_never_advises_what_is_unsafe(
    tmp_path: Path, verdict: str
) -> None:
    html, found = page(tmp_path, with_safety(whole(pool=row(1.2, 1.1, 1.3)), verdict))
    advice = "off" if verdict == "unsafe" else "on"
    assert f'<td class="advice {advice}">{advice}</td>' in html
    assert html.count(f'<td class="safety {verdict.replace(" ", "-")}"') == 2
    assert "208" in found.text
    assert ("<b>[red]a name</b>" in found.text) is (verdict != "safe")


def test_where_a_verdict_was_found_is_said_where_that_is_another_cell(tmp_path: Path) -> None:
    found = with_safety(whole(pool=row(1.2, 1.1, 1.3)), "safe", cell="recommended")
    said = "Looked at together, in the cell 'recommended': pool"
    assert said in printed(found)
    assert said in page(tmp_path, found)[1].text
    assert safety_checks(found)[0].found.endswith("; in the cell 'recommended'")
    found["safety"]["verdicts"]["pool"]["cell"] = "pool"
    assert "Looked at together" not in printed(found) + page(tmp_path, found)[1].text


def test_page_of_a_run_without_safety_says_so(tmp_path: Path) -> None:
    _, found = page(tmp_path, whole(pool=row(1.2, 1.1, 1.3)))
    assert "Whether each is safe wasn" in found.text


def test_unsafe_cell_is_a_failure_for_ci_and_one_not_shown_is_skipped(tmp_path: Path) -> None:
    verdict = {"a": "safe", "b": "unsafe", "c": "not shown"}
    checks = safety_checks(
        {"safety": {"verdicts": {n: found_of(v, n) for n, v in verdict.items()}}}
    )
    assert [(one.name, one.status) for one in checks] == [
        ("safety of a", "kept"),
        ("safety of b", "broken"),
        ("safety of c", "can't tell"),
    ]
    junit.write(tmp_path / "junit.xml", "run", checks)
    assert (tmp_path / "junit.xml").read_text().count("<failure") == 1


def test_table_of_verdicts_fits_a_narrow_terminal() -> None:
    console = Console(file=StringIO(), width=84, highlight=False)
    name = "without-cached-templates"
    console.print(show.table({name: found_of("not shown", name)}))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "without-cached-templates" in text
    assert "not shown" in text
    assert max(map(len, text.splitlines())) <= 84


@pytest.mark.parametrize(
    ("text", "meaning"), [("", "1"), ("1", "1"), ("0", "0"), ("no", "0"), ("only", "only")]
)
def test_safety_can_be_left_out_or_done_alone(text: str, meaning: str) -> None:
    assert Settings.parse({"safety": text}).safety == meaning
