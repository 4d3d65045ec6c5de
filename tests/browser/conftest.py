"""One replica and, for each test, one fresh browser; a test that fails leaves a screenshot.

The replica's own workings are tested in tests/integration.
"""

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest

from slipstream.optimizations import recommended, select
from tests.integration.replica import Replica, running

from . import chromium
from .visitor import Visitor

USERS = 150  # a page of people and a half


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A replica of any set; `site` and `bring_to` see to the set that a test needs."""
    with running("slipstream-browser", SEED_USERS=str(USERS)) as made:
        yield made


@pytest.fixture
def site(replica: Replica) -> Replica:
    """The replica with the recommended set."""
    bring_to(replica, recommended())
    return replica


@pytest.fixture
def visitor(replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """A visitor with a browser of their own, not logged in."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")  # the driver listens there
    driver = chromium.start(tmp_path / "chromium")
    try:
        yield Visitor(driver, replica.url)
    finally:
        driver.quit()


@pytest.fixture
def stranger(site: Replica, visitor: Visitor) -> Visitor:
    """A visitor of the recommended set, not logged in."""
    assert visitor.url == site.url
    return visitor


@pytest.fixture
def student(stranger: Visitor) -> Visitor:
    """A visitor of the recommended set, logged in as student000001."""
    stranger.login("student000001")
    assert stranger.username == "student000001"
    return stranger


def bring_to(replica: Replica, names: Iterable[str]) -> None:
    """Bring the replica to a set, unless it runs it already."""
    wanted = select(names)
    if tuple(replica.optimizations()["active"]) != wanted:
        replica.up(wanted)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say where a failed test's browser was, what it showed and what web said."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    if report.failed and call.when != "teardown" and "visitor" in arguments:
        report.sections.append(("the browser", _seen(arguments["visitor"], arguments["tmp_path"])))
        logs = arguments["replica"].compose("logs", "--no-log-prefix", "--tail", "20", "web")
        report.sections.append(("web's last lines", logs.stdout))
    return report


def _seen(visitor: Visitor, folder: Path) -> str:
    picture = folder / "failure.png"
    visitor.driver.save_screenshot(str(picture))
    return f"at {visitor.path!r}, screenshot: {picture}\n" + "\n".join(visitor.console()[-10:])
