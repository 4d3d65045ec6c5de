"""Pairs of optimizations together serve the baseline's pages; `make test-combinations` tries every set."""

import subprocess
import sys

from .replica import ROOT


def test_every_pair_of_optimizations_serves_the_baselines_pages_to_every_visitor() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.combinations", "--pairs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
