"""The table of what can be set in a run, and the lengths that each mode stands for.

Reading it into one frozen object is in `settings.py`.
"""

import math
from dataclasses import dataclass

__all__ = ("MODES", "OPTIONS", "Option")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One row: command line option `--name`, environment variable `NAME` (as make passes it)."""

    name: str
    help: str
    metavar: str
    low: float = -math.inf
    high: float = math.inf
    remedy: str = ""

    @property
    def env(self) -> str:
        return self.name.upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


MODES: dict[str, dict[str, float]] = {
    "quick": {
        "blocks": 3,
        "warmup_seconds": 1.0,
        "mix_seconds": 3.5,
        "one_query_warmup_seconds": 0.5,
        "one_query_seconds": 1.5,
        "latency_seconds": 4.0,
    },
    "full": {
        "blocks": 5,
        "warmup_seconds": 2.0,
        "mix_seconds": 10.0,
        "one_query_warmup_seconds": 0.5,
        "one_query_seconds": 5.0,
        "latency_seconds": 10.0,
    },
}

OPTIONS = (
    Option(
        name="mode",
        metavar="quick|full",
        help="quick: 3 blocks of short windows, under 10 minutes; full: 5 of longer ones, also each "
        "recommended one left out, one after the other, and whose the gain is.",
    ),
    Option(
        name="blocks",
        metavar="N",
        low=3,
        high=50,
        help="Blocks; every cell is measured once in each.",
        remedy="fewer than 3 give no usable interval, more than 50 take hours",
    ),
    Option(
        name="only",
        metavar="A,B",
        help="Measure only these optimizations (or 'recommended', or 'without-NAME': all recommended but "
        "this one) and the baseline.",
    ),
    Option(
        name="resume",
        metavar="1|RUN",
        help="Go on with an interrupted run: 1 = the newest unfinished one, or its name.",
    ),
    Option(
        name="users",
        metavar="N",
        low=200,
        high=1_000_000,
        help="Users to seed the replica with (default 2000).",
        remedy="the page with 100 items needs at least 200 people, seeding reaches a million",
    ),
    Option(
        name="visitors",
        metavar="N",
        low=1,
        high=64,
        help="Users who browse at the same time, without pauses (default 12).",
        remedy="the load stays bounded, and each login costs the replica 0.4 s of CPU time",
    ),
    Option(
        name="warmup_seconds",
        metavar="S",
        low=0,
        high=60,
        help="Warm-up before the mix, thrown away.",
        remedy="it is spent before every window",
    ),
    Option(
        name="mix_seconds",
        metavar="S",
        low=0.5,
        high=120,
        help="Length of the measured mix of pages in each window.",
        remedy="shorter says nothing, longer lets the machine drift within a block",
    ),
    Option(
        name="one_query_warmup_seconds",
        metavar="S",
        low=0,
        high=60,
        help="Warm-up before the one-query page, thrown away.",
        remedy="it is spent before every window",
    ),
    Option(
        name="one_query_seconds",
        metavar="S",
        low=0.5,
        high=120,
        help="Length of the measured one-query page in each window.",
        remedy="shorter says nothing, longer lets the machine drift within a block",
    ),
    Option(
        name="db_rtt_ms",
        metavar="MS",
        low=0,
        high=100,
        help="Round-trip time to put before Postgres, as of a network (default 0).",
        remedy="beyond, health checks and proofs run into their time-outs",
    ),
    Option(
        name="db_tls",
        metavar="1",
        help="1: Postgres is reached with TLS only.",
    ),
    Option(
        name="latency_seconds",
        metavar="S",
        low=0,
        high=25,
        help="Length of the windows that measure latency at one rate for all cells; 0: none.",
        remedy="0 leaves latency out, longer lets the machine drift within a block",
    ),
    Option(
        name="p95_target_ms",
        metavar="MS",
        low=1,
        high=10_000,
        help="Latency that 95 of 100 requests should keep, for CAPACITY (default 250).",
        remedy="below a millisecond nothing is served, above 10 s nobody waits",
    ),
    Option(
        name="capacity",
        metavar="1",
        help="1: also search how many users the baseline and all recommended together serve within "
        "P95_TARGET_MS (MODE=full does).",
    ),
    Option(
        name="seed",
        metavar="N",
        low=0,
        high=2**63 - 1,
        help="Seed of the order and of what visitors do (default: random, recorded in the run).",
        remedy="take the seed that a run printed",
    ),
    Option(
        name="safety",
        metavar="0|only",
        help="0: leave the probes of safety out; only: do nothing else (default: after the windows).",
    ),
    Option(
        name="review",
        metavar="1|0",
        help="1: afterwards review the queries of each page, and draw its flame graph under load, about "
        "a minute (the default in full mode; 0: don't).",
    ),
    Option(
        name="keep",
        metavar="1",
        help="1: leave the lab's containers running afterwards, to look at them.",
    ),
    Option(
        name="scenario",
        metavar="FILE",
        help="The mix of pages (default loadtest/scenario.toml).",
    ),
    Option(
        name="budget",
        metavar="FILE",
        help="Limits to keep (budget.toml): a run that surely breaks one ends with exit code 3.",
    ),
    Option(
        name="results",
        metavar="FOLDER",
        help="Where runs are kept (default loadtest/results).",
    ),
)
