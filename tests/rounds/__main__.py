"""Command line: `python -m tests.rounds --rounds 10000`, on a replica of its own."""

import argparse
import sys
import time

from tests.integration.replica import ROOT, running
from tests.rounds.run import FILES, Found, run

sys.path.insert(0, str(ROOT / "services" / "web"))

from slipstream.config import names_in
from slipstream.optimizations import recommended

USERS = "100"
TELL_SECONDS = 10.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.rounds", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=10_000, help="default 10,000")
    add("--accounts", type=int, default=4, help="at once (default 4)")
    add("--seed", type=int, default=1, help="of the random order (default 1)")
    add("--set", default=",".join(recommended()), help="optimizations (default: %(default)s)")
    return parser.parse_args()


class Progress:
    """A line every few seconds: how many rounds all accounts together did by now."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.shown = time.monotonic()

    def __call__(self, done: int) -> None:
        if time.monotonic() - self.shown >= TELL_SECONDS:
            self.shown = time.monotonic()
            print(f"about {done * self.accounts:,} rounds", flush=True)


def summary(found: Found) -> str:
    return (
        f"{found.rounds:,} rounds in {found.seconds:.0f} s, {found.answers:,} answers, "
        f"{len(found.wrong):,} wrong, {found.refused:,} 'try again'"
    )


def main() -> int:
    given = arguments()
    with running("slipstream-rounds", COMPOSE_FILE=FILES, SEED_USERS=USERS) as replica:
        replica.up(names_in(given.set))
        progress = Progress(given.accounts)
        found = run(
            replica.port, given.rounds, accounts=given.accounts, seed=given.seed, tell=progress
        )
    for line in found.wrong[:20]:
        print(line)
    print(summary(found))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
