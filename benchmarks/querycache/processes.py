"""Starts measuring processes in the environment of the libraries, each on an emptied cache."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from pymemcache.client.base import Client

from benchmarks import environment
from benchmarks.libraries import django_settings
from benchmarks.querycache.plan import DATABASE, Arm, Plan
from benchmarks.services import ROOT, Postgres, Server

__all__ = ["Bench", "Visits"]

VISITORS = 2
HOLD_SECONDS = 0.5  # how soon an emptied cache is trusted; no operation that is timed depends on it
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "campus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Pages and writes a second, and the queries that a page ran."""

    per_second: float
    queries_per_page: float


class Bench:
    """The services of a run, and processes that measure on them."""

    def __init__(self, *, postgres: Postgres, servers: Mapping[str, Server]) -> None:
        self.postgres = postgres
        self.servers = servers
        self.python = environment.python("bench")

    def seed(self, users: int) -> None:
        """Make the sample site's tables and students."""
        none = Arm(library="none", store="memcached")
        self._done(self._start(self._plan(none, task="seed", users=users)))

    def timed(self, arm: Arm, rounds: int, block: int) -> dict[str, dict[str, float]]:
        """Return the median microseconds of each operation, by clock and CPU, in a new process."""
        self._empty()
        plan = self._plan(arm, task="timed", rounds=rounds, seed=block)
        return dict(self._done(self._start(plan)))

    def counted(self, arm: Arm) -> dict[str, float]:
        """Return the round trips of each operation, in a new process."""
        self._empty()
        return dict(self._done(self._start(self._plan(arm, task="counted"))))

    def visited(self, arm: Arm, seconds: float, share: float, block: int) -> Visits:
        """Return what all visitors together got done."""
        self._empty()
        running = [
            self._start(
                self._plan(
                    arm,
                    task="visited",
                    seconds=seconds,
                    share_of_writes=share,
                    seed=block * VISITORS + number,
                    auto_bypass=True,
                )
            )
            for number in range(VISITORS)
        ]
        for process in running:
            self._line(process)
        for process in running:
            self._say(process, "go")
        found = [self._done(process) for process in running]
        return Visits(
            per_second=sum((one["pages"] + one["writes"]) / one["seconds"] for one in found),
            queries_per_page=sum(one["queries"] - one["writes"] for one in found)
            / max(1, sum(one["pages"] for one in found)),
        )

    def _plan(self, arm: Arm, *, task: str, auto_bypass: bool = False, **more: Any) -> Plan:
        django = django_settings(
            library=arm.library,
            store=arm.store,
            url=self.servers[arm.store].url,
            postgres=self.postgres,
            database=DATABASE,
            apps=APPS,
            # A table that is timed for its writes would bypass itself, and have no hits to time.
            slipstream={
                "GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS},
                "QUERY_CACHE": {
                    "AUTO_BYPASS": auto_bypass,
                    **dict.fromkeys(arm.without, False),
                },
            },
        )
        return Plan(task=task, django=django, library=arm.library, **more)

    def _start(self, plan: Plan) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [self.python, "-m", "benchmarks.querycache.worker"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'services' / 'web'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(process, plan.to_json())
        return process

    @staticmethod
    def _say(process: "subprocess.Popen[str]", line: str) -> None:
        assert process.stdin  # noqa: S101 - for mypy: it is a pipe
        process.stdin.write(f"{line}\n")
        process.stdin.flush()

    @staticmethod
    def _line(process: "subprocess.Popen[str]") -> str:
        assert process.stdout  # noqa: S101 - for mypy: it is a pipe
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"error: a measuring process ended with {process.wait()}, see above")
        return line

    def _done(self, process: "subprocess.Popen[str]") -> Any:
        found = json.loads(self._line(process))
        process.communicate()
        return found

    def _empty(self) -> None:
        """Empty both servers: nothing is left of who had the turn before."""
        Client(("127.0.0.1", self.servers["memcached"].port), timeout=5).flush_all(noreply=False)
        with redis.Redis(port=self.servers["redis"].port) as client:
            client.flushall()
