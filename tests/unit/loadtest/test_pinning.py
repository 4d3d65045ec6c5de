"""Cores for the generator and for the replica."""

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
