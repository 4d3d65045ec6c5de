"""Django's own tests of sessions, over ours: those of its store, and of its middleware."""

import json
import subprocess
import sys
from pathlib import Path

from .replica import ROOT

PACKAGES = ("sessions_tests", "tests.django.session_suite")
CELL = ("--database", "sqlite", "--django", "5.2", "--mode", "sessions")


def test_djangos_tests_of_sessions_pass(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.django", *CELL, "--json", str(found), *PACKAGES],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (cell,) = json.loads(found.read_text())
    assert cell["tests"] > 300
