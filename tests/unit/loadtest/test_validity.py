"""Which windows are thrown away, and the reason that is given."""

from typing import Any

import pytest

from loadtest import validity
from loadtest.errors import InvalidWindow

CLOSED: dict[str, Any] = {"generator_cpu_share": 0.9}
OPEN: dict[str, Any] = CLOSED | {"lag_p99_ms": 2.0, "turned_away": 0}


@pytest.mark.parametrize("phase", [CLOSED, OPEN, OPEN | {"lag_p99_ms": None}])
def test_phase_within_the_limits_counts(phase: dict[str, Any]) -> None:
    validity.check({"mix": phase})


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"generator_cpu_share": 0.97}, "took 97% of its core in mix, of which 90%"),
        ({"lag_p99_ms": 3.46}, "late in mix: one of 100 arrivals by 3.5 ms or more, 2 ms are"),
        ({"turned_away": 4}, "4 arrivals in mix found no visitor free"),
    ],
)
def test_phase_that_shows_the_generator_does_not_count(broken: Any, reason: str) -> None:
    with pytest.raises(InvalidWindow, match=reason) as caught:
        validity.check({"other": OPEN, "mix": OPEN | broken})
    assert "\n" not in str(caught.value)
