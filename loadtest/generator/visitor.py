"""One virtual user: a Locust FastHttpUser who browses by the scenario and hands over each response.

Log-in is in `login.py`; the timing of a phase in `phase.py` and `open_phase.py`.
"""

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any

from locust import FastHttpUser, constant, task
from locust.exception import StopUser

from loadtest.generator.catalog import Catalog
from loadtest.generator.pages import page_name
from loadtest.generator.recorder import Recorder, Response
from loadtest.generator.visits import Visit
from loadtest.scenario import Scenario

__all__ = ("ONE_QUERY", "Plan", "Visitor")

ONE_QUERY = "/colleges/"
OK, FOUND = 200, 302
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all visitors of a phase share. Without a catalog they stay on the one-query page."""

    scenario: Scenario
    recorder: Recorder
    jars: list[CookieJar]
    visits: Iterator[Visit]
    base_url: str
    catalog: Catalog | None = None


class Visitor(FastHttpUser):
    """Locust makes one per visitor; `plan` is set on a subclass made for the phase.

    Whoever is free makes the next visit.
    """

    abstract = True
    wait_time = constant(0)
    network_timeout = 30.0
    connection_timeout = 30.0
    plan: Plan
    born: int
    visit: Visit
    intended: float | None = None
    """When the next request was to be sent, in an open phase; each is of one request only."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        cls = type(self)
        self.number, cls.born = cls.born, cls.born + 1
        # The jar outlives the phase: what the site sets now is sent in the next window, too.
        jar = self.plan.jars[self.number % len(self.plan.jars)]
        self.client.cookiejar = self.client.client.cookiejar = jar

    @property
    def random(self) -> random.Random:
        return self.visit.choices

    @task
    def act(self) -> None:
        self.make(next(self.plan.visits))

    def make(self, visit: Visit) -> None:
        self.visit = visit
        if self.plan.catalog is None:
            self.get(ONE_QUERY)
        else:
            getattr(self, visit.action.replace("-", "_"))(self.plan.catalog)

    def dashboard(self, _: Catalog) -> None:
        self.get("/dashboard/")

    def people_search(self, catalog: Catalog) -> None:
        filtered = self.visit.position < self.plan.scenario.filtered
        self.get(self.random.choice(catalog.filtered if filtered else catalog.pages))

    def profile(self, catalog: Catalog) -> None:
        self.get(self.random.choice(catalog.profiles))

    def read_post(self, catalog: Catalog) -> None:
        self.get(self.random.choice(catalog.posts))

    def write_post(self, _: Catalog) -> None:
        form = self.get("/posts/new/")
        self.submit("/posts/new/", "new-post", form)

    def write_comment(self, catalog: Catalog) -> None:
        post = self.random.choice(catalog.posts)
        self.submit(f"{post}comments/", "new-comment", self.get(post))

    def submit(self, path: str, page: str, form: str) -> None:
        """Send the text with the form's token, then follow the redirect, as a browser does."""
        token = TOKEN.search(form)
        if token is None:
            return  # the form's page is an error already
        text = f"Written under load, {self.random.randrange(10**9)}."
        data = {"csrfmiddlewaretoken": token[1], "body": text}
        target = self.fetch("POST", path, page, FOUND, data)
        if target.startswith("/"):
            self.get(target)

    def get(self, path: str) -> str:
        return self.fetch("GET", path, page_name(path), OK)

    def fetch(self, method: str, path: str, page: str, expected: int, data: Any = None) -> str:
        """One request, recorded. Gives the redirect's target, or else the text; '' on error."""
        if self.plan.recorder.ended is not None:
            raise StopUser  # the rest of an action isn't waited for
        sent, intended = time.perf_counter(), self.intended
        self.intended = None
        start = sent if intended is None else intended
        response = self.client.request(
            method,
            path,
            name=page,
            data=data,
            allow_redirects=False,
            headers={"Referer": self.host},
        )
        latency = time.perf_counter() - start
        location = _header(response, "location")
        error, detail = _judge(response, expected, location)
        self.plan.recorder.add(
            Response(
                start=start,
                latency_s=latency,
                page=page,
                visitor=self.number,
                status=response.status_code or 0,
                response_bytes=len(response.content or b""),
                timing=_header(response, "server-timing"),
                error=error,
                detail=detail,
                lag_s=None if intended is None else sent - intended,
            )
        )
        return "" if error else location or str(response.text)


def _header(response: Any, name: str) -> str:
    return str(response.headers.get(name, "")) if response.headers else ""


def _judge(response: Any, expected: int, location: str) -> tuple[str, str]:
    """Kind of error and an example's text; empty for what was expected."""
    status = response.status_code or 0
    if not status:
        return "exception", repr(getattr(response, "error", None))
    if page_name(location) == "login":
        return "wrong page", f"redirected to {location}"
    if status == expected:
        return "", ""
    if status in (OK, FOUND):
        return "wrong page", f"{status} instead of {expected} {location}".strip()
    return "status", str(response.text or "")[:300]
