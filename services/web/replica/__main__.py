"""The entry point of the web image: `serve`, and the one-shot services that settle the active set."""

import argparse
import os
import sys
from pathlib import Path

from replica import capacity, supervisor
from replica.errors import ReplicaError
from replica.profiles import Volume, split
from replica.settings import read
from slipstream.config import names_in
from slipstream.errors import SlipstreamError
from slipstream.optimizations import select

VOLUME = Volume(Path("/run/slipstream/profiles"))


def begin() -> None:
    """Check every setting before a service starts, and forget the profiles of an earlier `up`."""
    read(os.environ)
    split(names_in(os.environ.get("COMPOSE_PROFILES", "")), " in COMPOSE_PROFILES")
    VOLUME.clear()


def check() -> None:
    """Refuse profiles that exclude each other, and more connections than the services have."""
    names = select(VOLUME.markers())
    made = capacity.plan(read(os.environ), names)
    print(f"profiles: {described(names)}; {made.workers} workers x {made.threads} threads")


def activate() -> None:
    """Make the profiles that were given the active set, and wait until web serves it."""
    names = select(VOLUME.markers())
    VOLUME.write(names)
    VOLUME.wait_until_served(",".join(names))
    print(f"active: {described(names)}")


def described(names: tuple[str, ...]) -> str:
    """Return a set in words."""
    return ", ".join(names) or "none (the baseline)"


def serve() -> None:
    """Run gunicorn with the active set, or with the one that SLIPSTREAM_ACTIVE fixes."""
    fixed = os.environ.get("SLIPSTREAM_ACTIVE")
    names = VOLUME.read() or "" if fixed is None else fixed
    capacity.plan(read(os.environ), select(names_in(names)))
    sys.exit(supervisor.serve(VOLUME, fixed))


COMMANDS = {"begin": begin, "check": check, "activate": activate, "serve": serve}
SETTLING = ("begin", "check", "activate")


def main() -> None:
    """Run the named command; an error is one line and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m replica", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, help="what this container does")
    name = parser.parse_args().command
    try:
        COMMANDS[name]()
    except (ReplicaError, SlipstreamError) as error:
        if name in SETTLING:
            VOLUME.refuse()
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
