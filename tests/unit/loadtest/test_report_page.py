"""report.html: everything in one file, nothing claimed that can't be told, nothing unescaped."""

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from loadtest import report
from loadtest.figures import PHASES
from loadtest.settings import Settings

from .test_report import outcome, rate, row

VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Tags in order, attributes, and text; fails where tags aren't closed as they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def whole(**rows: Any) -> dict[str, Any]:
    machine = {"cores": 2, "cpu": "<b>a processor</b>", "memory_mib": 2048, "kernel": "6"}
    settings = {"visitors": 12, "users": 2000, "blocks": 3, "mix_seconds": 5.0}
    return outcome(**rows) | {
        "fingerprint": machine | {"commit": "abc", "changes": ""},
        "settings": settings | {"one_query_seconds": 2.5, "mode": "quick"},
        "versions": {"django": "5.2"},
        "pinning": "no pinning",
        "seed": 7,
    }


def page(folder: Path, result: dict[str, Any]) -> tuple[str, Page]:
    report.write(result, folder / "report.html")
    html = (folder / "report.html").read_text()
    return html, Page(html)


def test_page_is_one_file_without_scripts_and_says_how_to_reproduce_it(tmp_path: Path) -> None:
    html, found = page(tmp_path, whole(pool=row(1.2, 1.1, 1.31)))
    assert not [value for name, value in found.attributes if name in ("src", "href")]
    assert not re.search(r"<script|url\(|@import|https?:", html)
    assert "make loadtest MODE=quick SEED=7" in found.text
    assert "<b>a processor</b>" in found.text  # as text, not as a tag


def test_command_repeats_what_was_set_but_for_what_changes_no_figure(tmp_path: Path) -> None:
    result = whole(pool=row(1.2, 1.1, 1.31))
    given = {"users": "1000000", "only": "pgbouncer,preload", "mix_seconds": "2.50", "keep": "1"}
    settings = asdict(Settings.parse({**given, "mode": "full", "seed": "8", "review": "0"}))
    result["settings"] = json.loads(json.dumps(settings, default=str))  # as run.json has them
    html, _ = page(tmp_path, result)
    command = re.search(r"<code>(make loadtest [^<]*)</code>", html)
    assert command
    assert command[1].split() == [
        *("make", "loadtest", "MODE=full", "SEED=7", "USERS=1000000"),
        *("ONLY=pgbouncer,preload", "MIX_SECONDS=2.5", "REVIEW=0"),
    ]


@pytest.mark.parametrize(
    ("mix", "one_query", "advice"),
    [
        ((1.2, 1.1, 1.3), (1.0, 0.9, 1.1), "on"),
        ((0.8, 0.7, 0.9), (1.0, 0.9, 1.1), "off"),
        ((1.2, 1.1, 1.3), (0.8, 0.7, 0.9), "can't tell"),
        ((1.0, 0.9, 1.1), (1.0, 0.9, 1.1), "can't tell"),
        ((1.5, None, None), (1.5, None, None), "can't tell"),
    ],
)
def test_advice_needs_one_that_is_faster_and_none_that_is_slower(
    tmp_path: Path, mix: Any, one_query: Any, advice: str
) -> None:
    both = row(*mix) | {"one-query": rate(*one_query)}
    html, _ = page(tmp_path, whole(pool=both))
    cell = re.search(r'<td class="advice [a-z]+">([^<]*)</td>', html)
    assert cell
    assert cell[1].replace("&#39;", "'") == advice


def test_every_interval_is_said_in_words(tmp_path: Path) -> None:
    rows = {"pool": row(1.2, 1.1, 1.31), "slow": row(0.9, 0.7, 1.1), "new": row(1.4, None, None)}
    _, found = page(tmp_path, whole(**rows))
    said = [value for name, value in found.attributes if name == "aria-label" and "times" in value]
    assert said[::2] == [
        "faster: 1.20 times, between 1.10 and 1.31",
        "can't tell, below 30 %: 0.90 times, between 0.70 and 1.10",
        "1.40 times, without an interval",
    ]


def test_last_offs_and_doubts_are_on_the_page(tmp_path: Path) -> None:
    both = {phase: rate(1.4, 1.3, 1.5) for phase in PHASES}
    result = whole(recommended=row(2, 1.9, 2.1)) | {"last_off": {"pool": both}, "complete": False}
    _, found = page(tmp_path, result)
    assert "What each gives beside the others" in found.text
    assert "INCOMPLETE" in found.text
    assert "All recommended optimizations together" in found.text


def test_baseline_that_differs_from_itself_is_no_advice(tmp_path: Path) -> None:
    html, found = page(tmp_path, whole(**{"baseline-again": row(1.3, 1.2, 1.4)}))
    assert "distrust this run" in found.text
    assert 'class="advice' not in html


def test_nothing_to_compare_gives_no_page(tmp_path: Path) -> None:
    report.write(whole(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []
