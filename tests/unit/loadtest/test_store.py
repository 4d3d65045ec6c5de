"""The results' store: whole files or none, attempts kept apart, one lab at a time."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from loadtest import atomic, store
from loadtest.errors import SettingsError, StoreError
from loadtest.store import Run

PLAN: dict[str, Any] = {"design": [{"number": 1}, {"number": 2}]}


def window(number: int, status: str = "measured") -> dict[str, Any]:
    return {"number": number, "status": status, "cell": "a"}


class Crash(BaseException):
    """What a killed process looks like from inside: no handler runs."""


def test_crash_between_writing_and_renaming_leaves_no_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path, "r", PLAN)

    def die(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(Crash):
            run.write_window(window(1))
    assert run.finished() == set()
    assert len(list(run.windows_folder.iterdir())) == 1  # the temporary file, ignored
    run.write_window(window(1))
    assert run.finished() == {1}


def test_crash_while_replacing_keeps_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.create(tmp_path, "r", PLAN)
    run.write_result({"version": "old"})

    def die(_: int) -> None:
        raise Crash

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(Crash):
        run.write_result({"version": "new"})
    assert "old" in (run.folder / "result.json").read_text()


def test_content_is_synced_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: there.append((tmp_path / "f").exists()))
    atomic.write_json(tmp_path / "f", {})
    assert there == [False, True]  # the file, then the folder


def test_full_disk_is_one_clear_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"disk full while writing .*RESUME=1"):
        atomic.write_json(tmp_path / "f", {})
    assert list(tmp_path.iterdir()) == []


def test_attempts_that_do_not_count_are_kept_beside_the_window(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "r", PLAN)
    for status in ("interrupted", "invalid", "measured"):
        run.write_window(window(1, status))
    assert run.finished() == {1}
    assert [one["status"] for one in run.failures()] == ["interrupted", "invalid"]


def test_newest_unfinished_run_is_the_one_to_resume(tmp_path: Path) -> None:
    for name, numbers in {"1": (1,), "2": (1,), "3": (1, 2), "4": ()}.items():
        run = Run.create(tmp_path, name, PLAN)
        for number in numbers:
            run.write_window(window(number))
    assert store.unfinished(tmp_path).name == "2"
    assert store.newest(tmp_path).name == "3"


def test_unknown_run_is_answered_with_the_nearest(tmp_path: Path) -> None:
    Run.create(tmp_path, "20261123-120000-quick", PLAN)
    with pytest.raises(SettingsError, match=r"did you mean '20261123-120000-quick'\?"):
        store.open_run(tmp_path, "20261123-120000-quik")


def test_nothing_to_resume_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no unfinished run"):
        store.unfinished(tmp_path)


def test_second_lab_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    refused = pytest.raises(StoreError, match=f"another lab is running .process {os.getpid()}")
    with store.only_one(tmp_path), refused, store.only_one(tmp_path):
        pass
    with store.only_one(tmp_path):
        pass


def test_run_of_another_schema_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "r", PLAN)
    atomic.write_json(run.folder / "run.json", PLAN | {"schema": 99})
    with pytest.raises(StoreError, match="schema 99"):
        run.plan()
