"""Pairs of optimizations together serve the baseline's pages; `make test-combinations` tries every set."""

import signal
import subprocess
import sys

import pytest

from .replica import ROOT

MOST_SECONDS = 900.0
CLEAN_UP_SECONDS = 60.0


@pytest.mark.timeout(MOST_SECONDS + 2 * CLEAN_UP_SECONDS)
def test_every_pair_of_optimizations_serves_the_baselines_pages_to_every_visitor() -> None:
    crawl = subprocess.Popen(
        [sys.executable, "-m", "tests.combinations", "--pairs"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = crawl.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        crawl.send_signal(signal.SIGINT)  # it removes its containers
        said, _ = crawl.communicate(timeout=CLEAN_UP_SECONDS)

    assert crawl.returncode == 0, said
