"""A small closed-loop load from threads, for ratios within one test; the load lab is `loadtest/`."""

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

__all__ = ["Result", "closed_loop", "getter"]


@dataclass
class Result:
    """What all threads saw together; `errors` holds one line each."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Return how many answers came."""
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """Return answers per second."""
        return self.requests / self.seconds


def getter(port: int, path: str, **headers: str) -> Callable[[], int]:
    """Return a function that GETs a page over one kept connection and gives the status.

    http.client: a heavier one would use the processor that the site needs.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask() -> int:
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        return answer.status

    return ask


def closed_loop(
    make: Callable[[int], Callable[[], int]], *, threads: int, seconds: float
) -> Result:
    """Let each thread ask again as soon as it was answered, until the time is over.

    make: gives the function by which the thread of that number asks; it returns a status.
    """
    result, lock = Result(), threading.Lock()
    start = time.monotonic()

    def work(number: int) -> None:
        ask = make(number)
        while time.monotonic() - start < seconds:
            try:
                status = ask()
            except (OSError, http.client.HTTPException) as error:
                with lock:
                    result.errors.append(f"{type(error).__name__}: {error}")
                continue
            with lock:
                result.statuses[status] = result.statuses.get(status, 0) + 1

    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(work, range(threads)))
    result.seconds = time.monotonic() - start
    return result
