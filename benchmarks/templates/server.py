"""A parent that forks workers as gunicorn does; each prints a line of JSON with what it took.

Told by SLIPSTREAM_ACTIVE. With preload the parent loads the site and its templates, and says in each
worker's place what that took. No database is asked: the pages are those of a stranger.
"""

import gc
import json
import multiprocessing
import os
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

VISITS = 200
PAGES = ("/", "/login/")


def booted() -> float:
    """Load the site and its templates; return what the templates took, in seconds."""
    import django  # noqa: PLC0415 - in the worker, unless it is preloaded
    from django.urls import get_resolver  # noqa: PLC0415

    from slipstream import config  # noqa: PLC0415

    django.setup()
    get_resolver().url_patterns  # noqa: B018 - imports the site's views
    from slipstream.templates.warming import warm  # noqa: PLC0415 - needs the apps

    began = time.perf_counter()
    warm(config.current().active)
    return time.perf_counter() - began


def visited() -> None:
    """Render pages, so that what rendering writes to is a worker's own."""
    from django.test import Client  # noqa: PLC0415 - needs the apps

    client = Client()
    for number in range(VISITS):
        answer = client.get(PAGES[number % len(PAGES)])
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's
            raise SystemExit(f"error: {PAGES[number % len(PAGES)]} answers {answer.status_code}")


def pss_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def work(preloaded: float | None, look: Barrier, end: Barrier) -> None:
    """Boot, visit, and print once all others have done the same; nobody ends before all have looked."""
    seconds = booted() if preloaded is None else preloaded
    visited()
    look.wait()
    line = json.dumps({"pss_bytes": pss_bytes(), "boot_seconds": seconds})
    os.write(1, line.encode() + b"\n")
    end.wait()


def main() -> None:
    workers = int(sys.argv[1])
    preloaded = None
    if "preload" in os.environ["SLIPSTREAM_ACTIVE"]:
        preloaded = booted()
        gc.collect()
        gc.freeze()
    look, end = (multiprocessing.Barrier(workers, timeout=60) for _ in range(2))
    children = []
    for _ in range(workers):
        child = os.fork()
        if child == 0:
            work(preloaded, look, end)
            os._exit(0)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("error: a worker failed")


if __name__ == "__main__":
    main()
