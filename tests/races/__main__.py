"""Command line: `python -m tests.races --store memcached --reads 1000000 --every-step`.

Readers note what has been acknowledged before they begin to read. A read that gives less is
*stale*; one that gives less than its process has seen before is *going back*. Either of them once
and the run fails. `--library cachalot` shows that the harness finds what is there to be found.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks import environment, services
from benchmarks.libraries import SLIPSTREAM, STORES
from tests.races.options import Options, Setting
from tests.races.schema import COLUMNS

FAULTS = ("kill", "evict", "kill", "restart")
"""In turns; there are most steps to be killed at."""
SERVERS = {"memcached": services.memcached, "redis": services.redis}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    add = parser.add_argument
    add("--library", choices=(SLIPSTREAM, "cachalot", "cacheops", "none"), default=SLIPSTREAM)
    add("--store", choices=sorted(STORES), default="memcached")
    add("--seconds", type=float, help="least length (default 60, or 0 with one of the next two)")
    add("--reads", type=int, default=0, help="go on until there were so many")
    add("--every-step", action="store_true", help="go on until writers died at every step")
    add("--readers", type=int, default=4, help="processes (default 4)")
    add("--writers", type=int, default=4, help=f"processes, at most {len(COLUMNS)} (default 4)")
    add("--rows", type=int, default=20, help="of the table (default 20)")
    add("--reads-per-write", type=int, default=100, help="by all, for one write (default 100)")
    add("--hold-seconds", type=float, default=3.0, help="HOLD_SECONDS (default 3)")
    add("--calm-seconds", type=float, default=8.0, help="between two faults (default 8)")
    add(
        "--faults",
        default=",".join(FAULTS),
        help=f"in turns; '' for none (default {','.join(FAULTS)})",
    )
    add("--kills", type=int, default=12, help="writers killed per fault (default 12)")
    add("--seed", type=int, default=1, help="of the random order (default 1)")
    add("--json", type=Path, help="write the figures here as well")
    add("--keep", type=Path, help="folder for what readers and writers found wrong")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> Options:
    faults = tuple(filter(None, given.faults.split(",")))
    if given.every_step and "kill" not in faults:
        raise SystemExit("error: --every-step without 'kill' in --faults: nobody would be killed")
    seconds = given.seconds
    if seconds is None:
        seconds = 0.0 if given.reads or given.every_step else 60.0
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        raise SystemExit(
            f"error: unknown fault {unknown[0]!r}: choose from {', '.join(sorted(set(FAULTS)))}"
        )
    if not 1 <= given.writers <= len(COLUMNS):
        raise SystemExit(f"error: --writers {given.writers}: 1 to {len(COLUMNS)} have a column")
    names = {name: value for name, value in vars(given).items() if name not in ("json", "keep")}
    return Options(**names | {"faults": faults, "seconds": seconds})


@contextmanager
def setting_for(options: Options, keep: Path | None) -> Iterator[Setting]:
    """Start the services, and have a folder that is removed afterwards unless it is to be kept."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        services.postgres() as database,
        SERVERS[options.store]() as server,
    ):
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        yield Setting(options=options, postgres=database, server=server, folder=folder)


def set_up_django(setting: Setting) -> None:
    import django  # noqa: PLC0415 - the settings come first
    from django.conf import settings  # noqa: PLC0415

    settings.configure(**setting.django("races"))
    django.setup()


def in_the_right_environment(options: Options) -> None:
    """Become a process that has the other libraries, where one of them is asked for."""
    if options.library not in ("cachalot", "cacheops"):
        return
    python = environment.python("bench")
    if Path(sys.executable) != python:
        os.execv(python, [str(python), "-m", "tests.races", *sys.argv[1:]])  # noqa: S606 - no shell


def main() -> int:
    given = arguments()
    options = chosen(given)
    in_the_right_environment(options)
    web = services.ROOT / "services" / "web"
    sys.path.insert(0, str(web))
    console = Console()
    with setting_for(options, given.keep) as setting:
        set_up_django(setting)
        from tests.races.run import race  # noqa: PLC0415 - Django comes first
        from tests.races.table import as_json, as_line, as_table  # noqa: PLC0415

        found = race(setting, console.print)
        console.print(as_table(setting, found))
        if given.json:
            given.json.write_text(json.dumps(as_json(setting, found), indent=1), encoding="utf-8")
        problems = found.problems(setting)
        for problem in problems:
            console.print(f"[red]broken:[/red] {problem}")
        tell_first(setting.folder)
        console.print(as_line(setting, found), soft_wrap=True)
    return 1 if problems else 0


def tell_first(folder: Path) -> None:
    """Print the first thing that each process found wrong."""
    for path in sorted(folder.glob("*.jsonl")):
        print(f"{path.stem}: {path.read_text(encoding='utf-8').splitlines()[0][:1500]}")


if __name__ == "__main__":
    sys.exit(main())
