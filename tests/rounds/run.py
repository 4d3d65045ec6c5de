"""Runs rounds on several accounts at once, each with connections of its own to every worker."""

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.rounds.account import Account
from tests.rounds.client import workers

__all__ = ["FILES", "WORKERS", "Found", "run"]

FILES = f"{os.environ.get('COMPOSE_FILE', 'compose.yaml')}:tests/rounds/compose.yaml"
"""What COMPOSE_FILE has to be for the replica to have the pages of the rounds."""

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What all rounds together came to; `refused` counts the answers 'try again'."""

    rounds: int
    answers: int
    refused: int
    wrong: list[str]
    seconds: float


def run(
    port: int,
    rounds: int,
    *,
    accounts: int = 4,
    seed: int = 1,
    tell: Callable[[int], None] = lambda _: None,
) -> Found:
    """Share `rounds` out among accounts. `tell` is called by the first with how many it did."""
    start = time.monotonic()

    def work(number: int) -> Account:
        made = Account(f"round-{number}", workers(port, WORKERS), random.Random(f"{seed}-{number}"))
        made.begin()
        for done in range(len(range(number, rounds, accounts))):
            made.round()
            if number == 0:
                tell(done + 1)
        for worker in made.workers:
            worker.close()
        return made

    with ThreadPoolExecutor(accounts) as pool:
        worked = list(pool.map(work, range(accounts)))
    return Found(
        rounds=rounds,
        answers=sum(account.answers for account in worked),
        refused=sum(account.refused for account in worked),
        wrong=[line for account in worked for line in account.wrong],
        seconds=time.monotonic() - start,
    )
