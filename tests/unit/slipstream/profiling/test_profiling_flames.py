"""Flame graphs: what the samples of a page's requests add up to, and how they are shown."""

import re

import pytest

from slipstream.profiling.flamegraph import drawn
from slipstream.profiling.stacks import Frame, Function, totals

from .visiting import visit

VIEW = Function("view", "/site/views.py", 3)
QUERY = Function("Query.run", "/site/<b>.py", 7)
RENDER = Function("render", "/site/views.py", 30)


def tree() -> Frame:
    """4 s in all: 1 in the view itself, 2 in its query, 1 in what renders."""
    root = Frame()
    root.add([VIEW], 1.0)
    root.add([VIEW, QUERY], 2.0)
    root.add([VIEW, RENDER], 1.0)
    return root


def test_time_is_added_up_by_caller_and_by_function() -> None:
    root = tree()
    root.add([RENDER], 3.0)
    assert root.seconds == 7.0
    assert root.below[VIEW].seconds == 4.0
    assert root.below[VIEW].own_seconds == pytest.approx(1.0)
    assert list(totals(root).items()) == [(RENDER, 4.0), (QUERY, 2.0), (VIEW, 1.0)]


def boxes(html: str) -> list[list[tuple[str, str, str]]]:
    """Name, left and width of each box, by row."""
    pattern = r'style="left:([\d.]+)%;width:([\d.]+)%" title="[^"]+">([^<]*)<'
    rows = html.split('<div class="row">')[1:]
    return [[(name, x, w) for x, w, name in re.findall(pattern, row)] for row in rows]


def test_boxes_are_as_wide_as_their_share_and_below_their_caller() -> None:
    html = drawn("people", 2, tree())
    assert boxes(html) == [
        [("view", "0.000", "100.000")],
        [("Query.run", "0.000", "50.000"), ("render", "50.000", "25.000")],
    ]
    assert "2 requests, 2000.0 ms each" in html


def test_names_are_text_and_nothing_is_fetched() -> None:
    html = drawn("<i>", 1, tree())
    assert "<i>" not in html
    assert "/&lt;b&gt;.py" in html
    assert not re.search(r"<script|src=|href=|url\(|@import|https?:", html)


def test_each_page_s_requests_are_profiled_from_the_outermost_middleware_on() -> None:
    *_, pages, slow, nothing = visit(
        *("/slow/", "/slow/", "/fine/", "/-/flame", "/-/flame?page=slow", "/-/flame?page=none"),
        tools="flame",
    )
    assert {name: one["requests"] for name, one in pages["pages"].items()} == {"slow": 2, "fine": 1}
    assert pages["pages"]["slow"]["seconds"] >= 0.1  # it sleeps 50 ms each time
    outermost = boxes(slow["text"])[0]
    assert outermost[0][0] == "OperationsMiddleware.__call__"
    assert re.search(r'<span class="k0"[^>]*>slow<', slow["text"])  # as the site's own
    assert nothing == {"error": "no page 'none' yet"}
