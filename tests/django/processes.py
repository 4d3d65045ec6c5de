"""Runs the processes of one cell (database, Django, mode): here where Django fits, else in the image."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

from benchmarks import services
from tests.django.plan import MODES, VARIABLE, Plan, Server
from tests.django.postgres import postgres
from tests.django.sources import CACHE, ROOT, sources

HANDS = 8  # more processes than processors: each is small, and one that dies takes little with it
LIMIT_SECONDS = 1800
TEMPORARY = "/tmp:mode=1777"  # noqa: S108 - of the container alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    database: str
    django: str
    mode: str

    @property
    def name(self) -> str:
        return f"{self.database}-{self.django}-{self.mode}"


@dataclass(frozen=True, slots=True)
class Running:
    """What a cell's processes have to talk to."""

    server: Server | None
    redis_port: int


def django_here() -> str:
    return ".".join(map(str, django.VERSION[:2]))


def servers(database: str) -> AbstractContextManager[Server | None]:
    return postgres() if database == "postgresql" else nullcontext()


def run_cell(
    cell: Cell, groups: list[tuple[str, ...]], server: Server | None, jobs: int
) -> list[dict[str, Any]]:
    """The report of each process; one that wrote none gives `{"died": the end of its log}`."""
    if cell.django != django_here():
        _build_image(cell.django)
    folder = CACHE / "test-django" / cell.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with _redis(cell) as port, ThreadPoolExecutor(jobs) as pool:
        runs = [
            pool.submit(_run_process, cell, number, group, Running(server, port), folder)
            for number, group in enumerate(groups)
        ]
        return [run.result() for run in runs]


@contextmanager
def _redis(cell: Cell) -> Iterator[int]:
    """The port of a Redis for sessions; 0 where none is wanted."""
    if not MODES[cell.mode].sessions:
        yield 0
        return
    with services.redis(policy="noeviction") as server:
        yield server.port


def _build_image(series: str) -> None:
    environment = {**os.environ, "DJANGO": series}
    command = ["docker", "compose", "build", "--quiet", "web"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _run_process(
    cell: Cell, number: int, group: tuple[str, ...], running: Running, folder: Path
) -> dict[str, Any]:
    output, log = folder / f"{number}.json", folder / f"{number}.log"
    here = cell.django == django_here()
    plan = Plan(
        number=number,
        sources=str(sources(cell.django)),
        output=str(output),
        database=cell.database,
        mode_name=cell.mode,
        packages=group,
        server=running.server,
        redis_port=running.redis_port,
    )
    environment = {VARIABLE: plan.to_json(), "PYTHONPATH": _python_path(plan)}
    started = time.monotonic()
    with (
        log.open("wb") as stream,
        _command(here, cell, environment, running.server) as (command, variables),
    ):
        try:
            subprocess.run(
                command, cwd=Path(plan.sources) / "tests", env=variables, timeout=LIMIT_SECONDS,
                stdout=stream, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            stream.write(f"\nstopped after {LIMIT_SECONDS} s".encode())
    seconds = round(time.monotonic() - started)
    print(f"  {cell.name}: process {number} of {', '.join(group)[:60]}: {seconds} s", flush=True)
    if output.exists():
        return dict(json.loads(output.read_text()))
    return {"died": log.read_text(errors="replace")[-2000:], "packages": group, "log": str(log)}


def _python_path(plan: Plan) -> str:
    return os.pathsep.join([str(ROOT), str(ROOT / "services" / "web"), f"{plan.sources}/tests"])


@contextmanager
def _command(
    here: bool, cell: Cell, environment: dict[str, str], server: Server | None
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The command and its environment; a container is removed even when its client was stopped."""
    worker = ["python", "-m", "tests.django.worker"]
    if here:
        yield [sys.executable, *worker[1:]], {**os.environ, **environment}
        return
    name = f"slipstream-test-django-{os.getpid()}-{time.monotonic_ns()}"
    # The repository at its own path, so that both sides call its files alike.
    yield (
        [
            *("docker", "run", "--rm", "--init", "--name", name, "--entrypoint", ""),
            *("--network", "host" if server or MODES[cell.mode].sessions else "none"),
            *("--user", f"{os.getuid()}:{os.getgid()}", "--tmpfs", TEMPORARY),
            *("--volume", f"{ROOT}:{ROOT}:ro", "--volume", f"{CACHE}:{CACHE}"),
            *("--workdir", f"{sources(cell.django)}/tests"),
            *(part for variable in environment for part in ("--env", variable)),
            *(f"slipstream-web:{cell.django}", *worker),
        ],
        {**os.environ, **environment},
    )
    subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
