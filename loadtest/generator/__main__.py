"""Entry point of the generator process: one JSON object per line in, one per line out.

Requests, by `op`: `log_in` (store, base_url, visitors), `discover` (store, base_url), `phase`
(store, base_url, pages = mix | one-query, warmup_seconds, seconds, seed, raw, accounts by service as
in `costs/`; weights of the actions, where they aren't the scenario's), `open` (the same but for
accounts, and rate, in requests per second; pages may be an action of the scenario, too). Answers, by
`event`: `progress`, `done` with what came out, or `error` with a message.
"""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import gevent

from loadtest.arrivals import times
from loadtest.costs.meter import Meter
from loadtest.errors import LabError
from loadtest.generator import login, open_phase, phase
from loadtest.generator.catalog import Catalog, discover
from loadtest.generator.recorder import Recorder
from loadtest.generator.visitor import Plan
from loadtest.generator.visits import visits
from loadtest.loopback import require_loopback
from loadtest.pinning import come_first, pin_this_process
from loadtest.scenario import ACTIONS, Scenario


@dataclass
class State:
    """What the process remembers between requests."""

    scenario: Scenario
    jars: dict[str, list[CookieJar]] = field(default_factory=dict)
    catalog: Catalog | None = None


def tell(event: str, **content: Any) -> None:
    print(json.dumps({"event": event} | content), flush=True)


def log_in(state: State, order: dict[str, Any]) -> dict[str, Any]:
    jars = login.log_in(order["base_url"], order["visitors"])
    state.jars[order["store"]] = jars
    return {"visitors": len(jars)}


def find(state: State, order: dict[str, Any]) -> dict[str, Any]:
    jar = state.jars[order["store"]][0]
    state.catalog = discover(login.reader(order["base_url"], jar))
    return {name: len(getattr(state.catalog, name)) for name in Catalog.__dataclass_fields__}


def plan(state: State, order: dict[str, Any], recorder: Recorder) -> Plan:
    pages, weights = order["pages"], order.get("weights")
    scenario = state.scenario.only(pages) if pages in ACTIONS else state.scenario
    scenario = replace(scenario, weights=tuple(weights)) if weights else scenario
    return Plan(
        scenario=scenario,
        recorder=recorder,
        jars=state.jars[order["store"]],
        visits=visits(scenario, order["seed"]),
        base_url=order["base_url"],
        catalog=None if pages == "one-query" else state.catalog,
    )


def measure(state: State, order: dict[str, Any]) -> dict[str, Any]:
    return phase.run(
        plan(state, order, Recorder(meter=Meter.of(order.get("accounts", {})))),
        warmup_seconds=order["warmup_seconds"],
        seconds=order["seconds"],
        raw=Path(order["raw"]),
        tell=tell,
    )


def measure_openly(state: State, order: dict[str, Any]) -> dict[str, Any]:
    warmup_seconds, seconds = order["warmup_seconds"], order["seconds"]
    planned = plan(state, order, Recorder(arrivals=True))
    each = planned.scenario.requests_per_action if planned.catalog else 1
    return open_phase.run(
        planned,
        arrivals=times(order["rate"] / each, warmup_seconds, seconds, order["seed"]),
        warmup_seconds=warmup_seconds,
        seconds=seconds,
        raw=Path(order["raw"]),
        tell=tell,
    )


OPERATIONS: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "log_in": log_in,
    "discover": find,
    "phase": measure,
    "open": measure_openly,
}


def obey(state: State, line: str) -> None:
    order = json.loads(line)
    try:
        require_loopback(order["base_url"])
        tell("done", **OPERATIONS[order["op"]](state, order))
    except LabError as error:
        tell("error", message=str(error))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the lab decides when we stop
    start = json.loads(sys.stdin.readline())
    pin_this_process(start["cores"])
    # 127.0.0.1 needs no thread to be looked up, and waiting for one makes arrivals late.
    gevent.config.resolver = "block"
    if start["cores"]:
        come_first()
    state = State(Scenario(weights=tuple(start["weights"]), filtered=start["filtered"]))
    tell("ready")
    for line in sys.stdin:
        obey(state, line)


if __name__ == "__main__":
    main()
