"""One replica for the whole suite; tests bring it to the set of profiles that they need.

Those of the query cache in this process have fixtures of their own, from `query_cache.py`.
"""

from collections.abc import Generator, Iterator

import pytest

from .query_cache import cache, cache_server, database, postgres, start
from .replica import Replica, running

__all__ = ["cache", "cache_server", "database", "postgres", "replica", "start"]

USERS = 300


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica that starts as the baseline; each test says which set it wants."""
    with running("slipstream-test", SEED_USERS=str(USERS)) as made:
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
