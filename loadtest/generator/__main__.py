"""Entry point of the generator process: one JSON object per line in, one per line out.

Requests, by `op`: `log_in` (store, base_url, visitors), `discover` (store, base_url), `phase`
(store, base_url, pages = mix | one-query, warmup_seconds, seconds, seed, raw). Answers, by `event`:
`progress`, `done` with what came out, or `error` with a message.
"""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from loadtest.errors import LabError
from loadtest.generator import login, phase
from loadtest.generator.catalog import Catalog, discover
from loadtest.generator.recorder import Recorder
from loadtest.generator.visitor import Plan
from loadtest.loopback import require_loopback
from loadtest.pinning import pin_this_process
from loadtest.scenario import Scenario


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


def measure(state: State, order: dict[str, Any]) -> dict[str, Any]:
    plan = Plan(
        scenario=state.scenario,
        recorder=Recorder(),
        jars=state.jars[order["store"]],
        seed=order["seed"],
        base_url=order["base_url"],
        catalog=state.catalog if order["pages"] == "mix" else None,
    )
    return phase.run(
        plan,
        warmup_seconds=order["warmup_seconds"],
        seconds=order["seconds"],
        raw=Path(order["raw"]),
        tell=tell,
    )


OPERATIONS: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "log_in": log_in,
    "discover": find,
    "phase": measure,
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
    state = State(Scenario(weights=tuple(start["weights"]), filtered=start["filtered"]))
    tell("ready")
    for line in sys.stdin:
        obey(state, line)


if __name__ == "__main__":
    main()
