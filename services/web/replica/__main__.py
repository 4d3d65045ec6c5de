"""The entry point of the web image: `serve`, and the one-shot services that settle the active set."""

import argparse
import os
import sys
from pathlib import Path

from replica import capacity, supervisor
from replica.errors import ReplicaError
from replica.profiles import Volume
from replica.settings import read
from slipstream.config import names_in
from slipstream.errors import SlipstreamError, did_you_mean
from slipstream.optimizations import by_name, select

VOLUME = Volume(Path("/run/slipstream/profiles"))


def begin() -> None:
    """Check every setting before a service starts, and forget the profiles of an earlier `up`."""
    read(os.environ)
    for name in names_in(os.environ.get("COMPOSE_PROFILES", "")):
        if name not in by_name:
            raise ReplicaError(
                f"unknown profile {name!r} in COMPOSE_PROFILES: {did_you_mean(name, by_name)}"
            )
    VOLUME.clear()


def end() -> None:
    """Validate the profiles that were given, make them the active set, wait until web serves it."""
    names = select(VOLUME.markers())
    made = capacity.plan(read(os.environ), names)
    VOLUME.write(names)
    VOLUME.wait_until_served(",".join(names))
    active = ", ".join(names) or "none (the baseline)"
    print(f"active: {active}; {made.workers} workers x {made.threads} threads")


def serve() -> None:
    """Run gunicorn with the active set, or with the one that SLIPSTREAM_ACTIVE fixes."""
    fixed = os.environ.get("SLIPSTREAM_ACTIVE")
    capacity.plan(read(os.environ), select(names_in(fixed or VOLUME.read() or "")))
    sys.exit(supervisor.serve(VOLUME, fixed))


COMMANDS = {"begin": begin, "end": end, "serve": serve}


def main() -> None:
    """Run the named command; an error is one line and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m replica", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, help="what this container does")
    command = COMMANDS[parser.parse_args().command]
    try:
        command()
    except (ReplicaError, SlipstreamError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
