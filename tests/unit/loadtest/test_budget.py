"""Budgets: what breaks one, what can't be told, and one-line errors for unusable files."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pytest

from loadtest import junit
from loadtest.budget import Budget, check, of_the_run
from loadtest.errors import SettingsError

from .test_report import outcome, row

CELLS = ("baseline", "recommended", "pool")


def read(folder: Path, text: str) -> Budget:
    file = folder / "budget.toml"
    file.write_text(text)
    return Budget.read(file, CELLS)


def measured(low: float, high: float, queries: float, errors: int = 0) -> dict[str, Any]:
    pages = {"people": {"requests": 50, "p50_ms": 10.0, "queries": queries}}
    return outcome(recommended=row((low + high) / 2, low, high, pages=pages, errors=errors))


@pytest.mark.parametrize(
    ("result", "statuses"),
    [
        (measured(1.6, 2.0, queries=1.0), ["kept", "kept", "kept", "kept"]),
        (measured(1.4, 1.6, queries=1.2), ["kept", "kept", "broken", "can't tell"]),
        (measured(1.1, 1.4, queries=0.0, errors=2), ["kept", "broken", "kept", "broken"]),
    ],
)
def test_limit_is_broken_only_where_the_whole_interval_says_so(
    tmp_path: Path, result: dict[str, Any], statuses: list[str]
) -> None:
    text = "errors = 0\n[queries.recommended]\npeople = 1\n[ratios.recommended]\nmix = 1.5"
    assert [one.status for one in check(read(tmp_path, text), result)] == statuses


def test_what_was_not_measured_cannot_be_told(tmp_path: Path) -> None:
    limits = read(tmp_path, "[queries.pool]\npeople = 1\n[ratios.pool]\nmix = 2")
    assert [one.status for one in check(limits, measured(1, 2, 1))] == ["can't tell"] * 2


def test_unknown_page_is_answered_with_the_one_that_is_meant(tmp_path: Path) -> None:
    (found,) = check(read(tmp_path, "[queries.recommended]\npeopel = 1"), measured(1, 2, 1))
    assert found.found == "no such page in this run: did you mean 'people'?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("error = 0", "did you mean 'errors'?"),
        ("errors = -1", "errors = -1"),
        ("[ratios.recomended]\nmix = 1", "did you mean 'recommended'?"),
        ("[ratios.pool]\nmixx = 1", "did you mean 'mix'?"),
        ("[ratios]\npool = 2", "give a table per cell"),
        ("[queries.pool]\npeople = true", "people = True"),
        ("[queries", "is not TOML"),
    ],
)
def test_unusable_budget_is_answered_in_one_line(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_budget_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't read budget .*budget\.toml"):
        Budget.read(tmp_path / "budget.toml", CELLS)


def test_junit_has_a_case_for_each_check(tmp_path: Path) -> None:
    text = "errors = 0\n[queries.recommended]\npeople = 1\n[ratios.recommended]\nmix = 1.5"
    result = measured(1.4, 1.6, queries=1.2) | {"complete": False}
    again = row(1.3, 1.2, 1.4)
    result["table"]["baseline-again"] = again
    checks = (*of_the_run(result), *check(read(tmp_path, text), result))
    junit.write(tmp_path / "junit.xml", "a run", checks)
    suite = Tree.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("8", "2", "3")
    broken = {case.get("name"): case.find("failure") for case in suite}
    assert broken["all windows measured"] is not None
    assert broken["recommended: queries of 'people' at most 1"] is not None
