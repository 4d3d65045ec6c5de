"""A small closed-loop load from threads, for ratios within one test; the load lab is `loadtest/`."""

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

__all__ = ["Result", "closed_loop"]


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


class Getter:
    """GETs a page over one kept connection; called, it gives the status.

    http.client: a heavier one would use the processor that the site needs.
    """

    def __init__(self, port: int, path: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.path = path

    def __call__(self) -> int:
        try:
            self.connection.request("GET", self.path)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def closed_loop(
    page: tuple[int, str],
    *,
    threads: int,
    seconds: float,
    watch: Callable[[], object] | None = None,
) -> Result:
    """Let each thread ask again as soon as it was answered, until the time is over.

    page: port and path. watch: called between requests, by one of the threads.
    """
    result, lock = Result(), threading.Lock()
    start = time.monotonic()

    def work(number: int) -> None:
        with closing(Getter(*page)) as ask:
            while time.monotonic() - start < seconds:
                if watch and number == 0:
                    watch()
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
