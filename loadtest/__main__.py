"""`python -m loadtest run|table|compare|clean`: the lab's command line. Errors are one line each."""

import signal
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console

from loadtest.errors import LabError
from loadtest.options import OPTIONS
from loadtest.paths import RESULTS, WEB
from loadtest.settings import Settings

sys.path.insert(0, str(WEB))  # the table of optimizations; no need to install it on the host
INTERRUPTED = 130
PLAIN_WIDTH = 140


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Measure what each optimization gives on the staging replica.

    Load goes to 127.0.0.1 only. Results are kept in loadtest/results; loadtest/README.md explains
    them.
    """


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """A click option per row of the settings' table."""
    for one in reversed(OPTIONS):
        # `--keep` alone is on; an option with a value needs one.
        alone = {"is_flag": False, "flag_value": "1"} if one.metavar == "1" else {}
        option = click.option(
            one.flag,
            one.name,
            envvar=one.env,
            metavar=one.metavar,
            help=one.help,
            show_envvar=True,
            **alone,  # type: ignore[arg-type]
        )
        command = option(command)
    return command


@cli.command("run")
@_options
def run_command(**given: Any) -> None:
    """Run the load test: baseline, each optimization alone, all recommended together.

    Each option can be given as an environment variable, too, as `make loadtest` does. Ctrl-C stops
    cleanly and keeps all finished windows: RESUME=1 goes on.
    """
    from loadtest import cells, runner  # noqa: PLC0415 - `--help` needs no statistics

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner.run(Settings.parse(given), cells.table(), _console())


@cli.command("table")
@click.argument("run", default="")
@click.option("--results", envvar="RESULTS", metavar="FOLDER", help="Where runs are kept.")
def table_command(run: str, results: str | None) -> None:
    """Print a run's table again from its windows (the newest run's, if none is named)."""
    from loadtest import result, store  # noqa: PLC0415 - as above
    from loadtest.table import show  # noqa: PLC0415

    folder = Settings.parse({"results": results}).results
    found = store.open_run(folder, run) if run else store.newest(folder)
    show(result.build(found), _console())


@cli.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--results", envvar="RESULTS", metavar="FOLDER", help="Where runs are kept.")
def compare_command(first: str, second: str, results: str | None) -> None:
    """Print how each cell's ratio to the baseline changed from run FIRST to run SECOND.

    Refuses where the machine, the tools or the load differ.
    """
    from loadtest import compare, store  # noqa: PLC0415 - as above

    folder = Settings.parse({"results": results}).results
    runs = (store.open_run(folder, first), store.open_run(folder, second))
    compare.show(compare.compare(*runs), _console())


@cli.command("clean")
def clean_command() -> None:
    """Remove containers, networks and volumes that a killed run left. Results stay."""
    from loadtest import store  # noqa: PLC0415 - as above
    from loadtest.replica import lab  # noqa: PLC0415

    with store.only_one(RESULTS):
        lab.clean()


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def main() -> None:
    try:
        cli(prog_name="python -m loadtest", standalone_mode=False)
    except LabError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}: see python -m loadtest --help", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped; finished windows are kept: RESUME=1 goes on", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
