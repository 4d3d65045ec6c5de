"""One replica for the whole suite; tests bring it to the set of profiles that they need."""

from collections.abc import Iterator

import pytest

from .replica import Replica, stopped

USERS = 300


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica that starts as the baseline; each test says which set it wants."""
    made = Replica("slipstream-test", SEED_USERS=str(USERS))
    stopped(made)
    try:
        made.start()
        yield made
    finally:
        stopped(made)
