"""One phase: all visitors at once, without pauses; a warm-up that is thrown away, then the measure.

It is a closed, saturated load: each visitor waits for the answer before asking again.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment

from loadtest import samples
from loadtest.generator.visitor import Plan, Visitor

__all__ = ("PROGRESS_SECONDS", "run")

PROGRESS_SECONDS = 0.5
LAST_ANSWER_SECONDS = 30


def run(
    plan: Plan,
    *,
    warmup_seconds: float,
    seconds: float,
    raw: Path,
    tell: Callable[..., None],
) -> dict[str, Any]:
    """Write the raw samples to `raw` and return the phase's figures."""
    user_class = type("PhaseVisitor", (Visitor,), {"plan": plan, "born": 0, "host": plan.base_url})
    environment = Environment(user_classes=[user_class], stop_timeout=LAST_ANSWER_SECONDS)
    runner = environment.create_local_runner()
    try:
        runner.start(len(plan.jars), spawn_rate=len(plan.jars))
        gevent.sleep(warmup_seconds)
        cpu_share = _measure(plan, seconds, tell)
        runner.stop()  # waits for answers under way: the next cell starts on an idle replica
    finally:
        runner.quit()
    return _figures(plan, raw, cpu_share)


def _measure(plan: Plan, seconds: float, tell: Callable[..., None]) -> float:
    recorder = plan.recorder
    recorder.begin()
    cpu = time.process_time()
    while (left := seconds - recorder.seconds) > 0:
        gevent.sleep(min(left, PROGRESS_SECONDS))
        tell("progress", rate=len(recorder.responses) / recorder.seconds)
    cpu = time.process_time() - cpu
    recorder.end()
    return cpu / recorder.seconds


def _figures(plan: Plan, raw: Path, cpu_share: float) -> dict[str, Any]:
    taken = plan.recorder.samples()
    samples.save(raw, taken)
    requests, good = int(taken.counted.sum()), int(taken.good.sum())
    return {
        "seconds": round(taken.seconds, 6),
        "requests": requests,
        "errors": requests - good,
        "error_examples": plan.recorder.examples(),
        "requests_per_second": good / taken.seconds,
        "generator_cpu_share": round(cpu_share, 4),
        "raw": raw.name,
        **plan.recorder.costs(requests),
    }
