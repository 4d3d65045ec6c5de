"""A process that measures one arm: reads its plan, writes a line of JSON."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.querycache.plan import Plan


def main() -> None:
    """Do the task of the plan on the first line of stdin."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    import django  # noqa: PLC0415 - the settings come first
    from django.conf import settings  # noqa: PLC0415

    settings.configure(**plan.django)
    django.setup()
    print(json.dumps(TASKS[plan.task](plan)), flush=True)


def _seed(plan: Plan) -> int:
    from django.core.management import call_command  # noqa: PLC0415

    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        call_command("migrate", verbosity=0)
        call_command("seed", users=plan.users, stdout=nowhere, stderr=nowhere)
    return plan.users


def _timed(plan: Plan) -> dict[str, dict[str, float]]:
    from benchmarks.querycache.operations import Operations  # noqa: PLC0415

    return Operations(plan).timed()


def _counted(plan: Plan) -> dict[str, float]:
    from benchmarks.querycache.operations import Operations  # noqa: PLC0415

    return Operations(plan).round_trips()


def _visited(plan: Plan) -> dict[str, float]:
    from benchmarks.querycache.pages import Visitor  # noqa: PLC0415

    return Visitor(plan).run()


TASKS: Mapping[str, Callable[[Plan], Any]] = {
    "seed": _seed,
    "timed": _timed,
    "counted": _counted,
    "visited": _visited,
}

if __name__ == "__main__":
    main()
