#!/usr/bin/env python3
"""What Server-Timing costs a request: the sample site with and without it, in turns.

CPU time, so that a busy machine matters less. No load lab and no service is needed: SQLite. The
instruments stay in for both: to put them in and out makes the interpreter specialize its byte code
anew, which costs more than they do, and outside of a counted request each takes some 0.1 us.
"""

import argparse
import gc
import math
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import thread_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"people (100 items, logged in)": "/people/", "colleges (one query)": "/colleges/"}
MIDDLEWARE = "slipstream.timing.middleware.ServerTimingMiddleware"
WARM_UP = 100
COLLECT_EVERY = 50
Z_95 = 1.96

Handler = Callable[[dict[str, Any], Callable[..., Any]], Any]


def main() -> None:
    """Print one line per page: the difference in microseconds and in per cent."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        cookie = _set_up(Path(folder), options.users)
        without, timed = _handler([]), _handler([MIDDLEWARE])
        for name, path in PAGES.items():
            environ = _environ(path, cookie)
            _report(name, list(_pairs(environ, without, timed, options.pairs)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="of requests (%(default)s)")
    parser.add_argument("--users", type=int, default=300, help="to seed (%(default)s)")
    return parser.parse_args()


def _set_up(folder: Path, users: int) -> str:
    """Make a seeded site and return the cookie of a visitor who is logged in."""
    sys.path[:0] = [str(ROOT), str(ROOT / "services/web")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "campus.settings"
    from django.conf import settings  # noqa: PLC0415 - the path comes first

    settings.DATABASES["default"]["NAME"] = folder / "site.sqlite3"
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]
    import django  # noqa: PLC0415

    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        call_command("migrate", verbosity=0)
        call_command("seed", users=users, stdout=nowhere, stderr=nowhere)
    client = Client()
    client.force_login(User.objects.get(username="student000000"))
    return f"sessionid={client.cookies['sessionid'].value}"


def _handler(first: list[str]) -> Handler:
    from django.conf import settings  # noqa: PLC0415 - as in _set_up
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415
    from django.test import override_settings  # noqa: PLC0415

    with override_settings(MIDDLEWARE=[*first, *settings.MIDDLEWARE]):
        handler: Handler = WSGIHandler()
    return handler


def _environ(path: str, cookie: str) -> dict[str, Any]:
    from django.test import RequestFactory  # noqa: PLC0415

    return RequestFactory().get(path, HTTP_COOKIE=cookie).environ


def _pairs(
    environ: dict[str, Any], without: Handler, timed: Handler, count: int
) -> Iterator[tuple[float, float]]:
    """Yield seconds per request (without, timed); the two take turns, who begins is random."""
    turns = random.Random(1)  # noqa: S311 - an order of turns, no secret
    gc.disable()
    for number in range(-WARM_UP, count):
        seconds = {arm: _seconds(arm, environ) for arm in turns.sample((without, timed), 2)}
        if number % COLLECT_EVERY == 0:
            gc.collect()
        if number >= 0:
            yield seconds[without], seconds[timed]


def _seconds(handler: Handler, environ: dict[str, Any]) -> float:
    start = thread_time()
    _request(handler, environ)
    return thread_time() - start


def _request(handler: Handler, environ: dict[str, Any]) -> None:
    status: list[str] = []
    response = handler(dict(environ), lambda line, _headers: status.append(line))
    for _ in response:
        pass
    response.close()
    if not status[0].startswith("200"):
        raise SystemExit(f"{environ['PATH_INFO']} answered {status[0]!r}: 200 was expected")


def _report(name: str, pairs: list[tuple[float, float]]) -> None:
    extra = statistics.median(timed - without for without, timed in pairs) * 1e6
    base = statistics.median(without for without, _ in pairs) * 1e6
    low, middle, high = _median_with_interval([timed / without - 1 for without, timed in pairs])
    print(
        f"{name}: {base:.0f} us a request; Server-Timing adds {extra:.1f} us, "
        f"{middle:.2%} (95 %: {low:.2%} to {high:.2%})"
    )


def _median_with_interval(values: list[float]) -> tuple[float, float, float]:
    """Return the median between its bounds by order statistics, which assume no distribution."""
    ordered = sorted(values)
    half = Z_95 * math.sqrt(len(ordered)) / 2
    low = max(0, math.floor(len(ordered) / 2 - half))
    high = min(len(ordered) - 1, math.ceil(len(ordered) / 2 + half))
    return ordered[low], statistics.median(ordered), ordered[high]


if __name__ == "__main__":
    main()
