"""Shows how far a long task is: one line that moves in a terminal, a few lines in a log.

What the task does is its caller's business.
"""

import time
from collections.abc import Iterable, Iterator

from django.core.management.base import OutputWrapper

LOG_SECONDS = 10.0
LINE_SECONDS = 0.2


def show(done: Iterable[int], *, start: int, stop: int, out: OutputWrapper) -> None:
    """Runs through `done` (how many are there, rising to `stop`), and says so on `out`."""
    moving = out.isatty()
    try:
        for line in _lines(done, start, stop, LINE_SECONDS if moving else LOG_SECONDS):
            # In no style: Django would print whatever goes to stderr in red.
            out.write(f"\r{line}\x1b[K" if moving else f"{line}\n", style_func=str, ending="")
            out.flush()
    finally:
        if moving:
            out.write("\n", style_func=str)


def _lines(done: Iterable[int], start: int, stop: int, pause_seconds: float) -> Iterator[str]:
    began = shown = time.monotonic()
    for count in done:
        now = time.monotonic()
        if count >= stop or now - shown >= pause_seconds:
            shown = now
            yield _line(count, stop, (count - start) / max(now - began, 0.001))


def _line(count: int, stop: int, rate: float) -> str:
    return f"{count:,} of {stop:,} students ({100 * count // stop} %), {rate:,.0f} a second"
