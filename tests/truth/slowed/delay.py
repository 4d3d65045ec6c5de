"""Takes CPU time from each request: so many microseconds as the file says, none without one.

CPU time, not sleep: on a saturated core each request then costs that much more, whatever else the
core does meanwhile, and throughput falls by a known share.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = Path("/tmp/slowed-us")  # noqa: S108 - the container's own


class Delay:
    """A middleware; the file is read with each request, so that it costs all cells the same."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        end = time.thread_time() + microseconds() / 1e6
        while time.thread_time() < end:
            pass
        return self.get_response(request)


def microseconds() -> float:
    """Return how much to take; a missing file is no delay."""
    try:
        return float(FILE.read_text())
    except OSError:
        return 0.0
