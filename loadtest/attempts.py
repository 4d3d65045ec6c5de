"""Measures a window until it is valid, a bounded number of times; every attempt is on disk.

What makes one invalid is in `validity.py`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from loadtest.design import Window
from loadtest.errors import InvalidWindow, LabError
from loadtest.progress import Reporter
from loadtest.store import Run

__all__ = ("TRIES", "take_all")

TRIES = 3
"""Then the run goes on without the window and stays incomplete: RESUME tries it again as often."""
INVALID = "invalid"

Record = dict[str, Any]


def take_all(
    run: Run,
    windows: Iterable[Window],
    opened: Callable[[Window], Record],
    measure: Callable[[Window, Record], None],
    report: Reporter,
) -> None:
    """Measure each; a failure is kept with its reason, and if it isn't the generator's, goes on.

    opened: a window's record at its start. measure: fills it in. Raises LabError, KeyboardInterrupt.
    """
    for window in windows:
        for left in reversed(range(TRIES)):
            record = opened(window)
            _attempt(run, window, record, measure)
            if record["status"] != INVALID:
                report.finish(window, record)
                break
            report.say(_thrown_away(window, record, left))


def _attempt(
    run: Run, window: Window, record: Record, measure: Callable[[Window, Record], None]
) -> None:
    try:
        measure(window, record)
    except KeyboardInterrupt:
        run.write_window(record | {"reason": "stopped by the user"})
        raise
    except InvalidWindow as error:
        record |= {"status": INVALID, "reason": str(error)}
    except LabError as error:
        run.write_window(record | {"status": INVALID, "reason": str(error)})
        raise
    run.write_window(record)


def _thrown_away(window: Window, record: Record, left: int) -> str:
    what = f"block {window.block}, {record['cell']}: thrown away, since {record['reason']}"
    return f"{what}; {'measured again' if left else 'given up: the run goes on without it'}"
