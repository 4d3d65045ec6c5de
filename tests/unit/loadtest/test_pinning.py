"""Cores for the generator and for the replica."""

import os
import subprocess
import sys

import pytest

from loadtest.pinning import plan


@pytest.mark.parametrize(
    ("cores", "generator", "cpuset"),
    [([0, 1], (0,), "1"), ([3, 2, 5, 7], (2,), "3,5,7"), ([0], (), ""), ([], (), "")],
)
def test_generator_and_replica_never_share_a_core_where_there_are_two(
    cores: list[int], generator: tuple[int, ...], cpuset: str
) -> None:
    found = plan(cores)
    assert (found.generator, found.cpuset) == (generator, cpuset)
    assert str(found)


COME_FIRST = """
import os, subprocess, sys
from loadtest.pinning import come_first
come_first()
ask = "import os; print(os.sched_getscheduler(0))"
print(os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK)
print(subprocess.check_output([sys.executable, "-c", ask], text=True))
"""


def test_generator_comes_first_where_it_may_and_what_it_starts_does_not() -> None:
    output = subprocess.check_output([sys.executable, "-c", COME_FIRST], text=True)
    own, child = map(int, output.split())
    allowed = subprocess.run(["chrt", "--rr", "1", "true"], check=False, capture_output=True)
    assert own == (os.SCHED_RR if allowed.returncode == 0 else os.SCHED_OTHER)
    assert child == os.SCHED_OTHER
