"""A service is stopped for some seconds under the mix of pages: no page may fail for want of it.

A page that needs a log-in may say 'try again' (below 500) while sessions are away, and afterwards
everybody is logged in as before.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from loadtest.safety.probe import Found
from loadtest.safety.verdict import NO_MEMCACHED, NO_REDIS
from loadtest.samples import Samples

__all__ = ("LOAD_SECONDS", "SERVICES", "survived")

SERVICES = {NO_MEMCACHED: "memcached", NO_REDIS: "redis"}
"""By the probe's name: what it stops."""
BEFORE_SECONDS, AWAY_SECONDS, LOAD_SECONDS = 1.0, 3.0, 9.0
EDGE_SECONDS = 0.3
"""The generator's clock starts a little after ours."""
TRY_AGAIN, FAILED = 429, 500
BACK_SECONDS = 20


def survived(
    stop: Callable[[], object],
    start: Callable[[], object],
    load: Callable[[], Samples],
    is_logged_in: Callable[[], bool],
) -> Found:
    """Stop and start the service while `load` runs, then see that a visitor is still logged in."""
    with ThreadPoolExecutor(1) as pool:
        outage = pool.submit(_outage, stop, start, time.monotonic())
        samples = load()
        gone, back = outage.result()
    status, began = samples.columns["status"], samples.columns["start_s"]
    away = (began > gone + EDGE_SECONDS) & (began < back - EDGE_SECONDS)
    bad = (status == 0) | (status >= FAILED)
    counts = {"requests": len(status), "meanwhile": int(away.sum())}
    counts["try again"] = int((status == TRY_AGAIN).sum())
    if not counts["meanwhile"]:
        return Found.undone("nobody asked for a page while it was away", **counts)
    pages = [samples.pages[number] for number in samples.columns["page"][bad]]
    faults = [
        f"{page}: status {number}" if number else f"{page}: no answer"
        for page, number in zip(pages, status[bad], strict=True)
    ]
    if not _comes_true(is_logged_in):
        faults.append(f"a visitor isn't logged in any more {BACK_SECONDS} s after it is back")
    return Found.of(counts, faults, fault="failed")


def _outage(
    stop: Callable[[], object], start: Callable[[], object], began: float
) -> tuple[float, float]:
    """When it was away, in seconds since `began`. It is started again whatever happens."""
    time.sleep(BEFORE_SECONDS)
    try:
        stop()
        gone = time.monotonic() - began
        time.sleep(AWAY_SECONDS)
        return gone, time.monotonic() - began
    finally:
        start()


def _comes_true(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + BACK_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True
