"""One replica for the whole suite; tests bring it to the set of profiles that they need.

Those of the query cache and of the sessions in this process have fixtures of their own, from
`query_cache.py` and `sessions.py`.
"""

import os
from collections.abc import Generator, Iterator

import pytest

from .query_cache import cache, cache_server, database, postgres, start
from .replica import Replica, running
from .sessions import server, site, start_site

__all__ = [
    "cache",
    "cache_server",
    "database",
    "postgres",
    "replica",
    "server",
    "site",
    "start",
    "start_site",
]

USERS = 300
PROJECT_VARIABLE = "TEST_REPLICA_PROJECT"
"""Another Compose project, for a second checkout whose tests run at the same time."""


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica that starts as the baseline; each test says which set it wants."""
    with running(
        os.environ.get(PROJECT_VARIABLE, "slipstream-test"), SEED_USERS=str(USERS)
    ) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the services said last to the report of a test that failed."""
    report = yield
    made = getattr(item, "funcargs", {}).get("replica")
    if call.when == "call" and report.failed and made is not None:
        logs = made.compose("logs", "--no-log-prefix", "--tail", "40", "web").stdout
        report.sections.append(("web's last lines", logs))
    return report
