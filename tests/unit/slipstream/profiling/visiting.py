"""Runs `visit.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "run", "visit"]

ROOT = Path(__file__).resolve().parents[4]


def run(*words: str, tools: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it with these profiling tools; SLIPSTREAM_EXPOSE is set unless `environment` says no."""
    told = {"SLIPSTREAM_PROFILING": tools, "SLIPSTREAM_EXPOSE": "1"} | environment
    known = {name: value for name, value in os.environ.items() if "SLIPSTREAM" not in name}
    path = os.pathsep.join(
        (str(ROOT), str(ROOT / "services/web"), os.environ.get("PYTHONPATH", ""))
    )
    return subprocess.run(
        [sys.executable, "-m", "tests.unit.slipstream.profiling.visit", *words],
        cwd=ROOT,
        env=known | told | {"PYTHONPATH": path.strip(os.pathsep)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def visit(*words: str, tools: str, **environment: str) -> list[Any]:
    """What each page said."""
    done = run(*words, tools=tools, **environment)
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers
