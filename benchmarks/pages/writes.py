"""Somebody else who writes while a page is measured: the writes of the lab's mix, at a steady rate."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from loadtest.generator.catalog import Form

__all__ = ["logged_in", "writing"]

PASSWORD = "campus"  # noqa: S105 - the documented password of the sample data
TIMEOUT_SECONDS = 60
ACTIONS = ("post", "post", "post", "comment", "comment")
"""As loadtest/scenario.toml has them."""


def logged_in(url: str, user: str) -> requests.Session:
    """Log a visitor in through the site's form. Raises requests.HTTPError."""
    session = requests.Session()
    sent(session, f"{url}/login/", url, f"{url}/login/", username=user, password=PASSWORD)
    return session


def sent(session: requests.Session, form: str, url: str, target: str, **data: str) -> None:
    """Fetch a form, send it and follow the redirect."""
    page = session.get(form, timeout=TIMEOUT_SECONDS)
    page.raise_for_status()
    data["csrfmiddlewaretoken"] = Form(page.text).token
    answer = session.post(target, data=data, headers={"Referer": url}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()


@contextmanager
def writing(
    url: str, session: requests.Session, post: str, per_second: float
) -> Iterator[Callable[[], int]]:
    """Write from a thread of its own, so often at most; returns how often it has.

    post: the path of a post to comment on. Raises what stopped the writer.
    """
    stop, done = threading.Event(), [0]
    failed: list[BaseException] = []

    def write() -> None:
        due = time.monotonic()
        try:
            for action in itertools.cycle(ACTIONS):
                due += 1 / per_second
                if stop.wait(max(0.0, due - time.monotonic())):
                    return
                form, target = (
                    ("/posts/new/",) * 2 if action == "post" else (post, f"{post}comments/")
                )
                sent(session, f"{url}{form}", url, f"{url}{target}", body="Written under load.")
                done[0] += 1
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: done[0]
    finally:
        stop.set()
        thread.join(TIMEOUT_SECONDS)
    if failed:
        raise failed[0]
