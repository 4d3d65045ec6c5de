"""Who a request is from, in every process of the replica, as soon as an account was changed.

The site is the replica's own, with the pages of the rounds (tests/rounds) beside it.
"""

import random
import re
from collections.abc import Iterator

import pytest

from slipstream.optimizations import recommended
from tests.rounds.account import HOW, Account
from tests.rounds.client import Worker, workers
from tests.rounds.run import FILES, WORKERS, run

from .replica import Replica, wait_until

SETS = (recommended(), ("redis-sessions",))
ROUNDS = 40
WARM_SECONDS = 15


@pytest.fixture(scope="module", params=SETS, ids=lambda names: f"{len(names)}-optimizations")
def names(request: pytest.FixtureRequest, replica: Replica) -> Iterator[tuple[str, ...]]:
    """The replica with this set, and the pages of the rounds; its own site at the next `up`."""
    chosen: tuple[str, ...] = request.param
    replica.environment["COMPOSE_FILE"] = FILES
    replica.up(chosen)
    yield chosen
    del replica.environment["COMPOSE_FILE"]


@pytest.fixture
def each_worker(names: tuple[str, ...], replica: Replica) -> Iterator[list[Worker]]:  # noqa: ARG001
    """A connection to each of them."""
    made = workers(replica.port, WORKERS)
    yield made
    for worker in made:
        worker.close()


@pytest.fixture
def account(each_worker: list[Worker]) -> Account:
    """An account with a session from each worker; each worker has seen both of them."""
    made = Account("visitor", each_worker, random.Random(1))
    made.begin()
    made.check()
    return made


def queries(worker: Worker, cookie: str) -> int:
    (count,) = re.findall(r'db;dur=[\d.]+;desc="(\d+)"', worker.get("name", cookie).timing)
    return int(count)


def test_visitor_costs_no_query_with_the_query_cache_and_one_without(
    names: tuple[str, ...], account: Account
) -> None:
    expected, cookie = (0 if "query-cache" in names else 1), account.sessions[0].cookie

    def asked() -> list[int]:
        return [queries(worker, cookie) for worker in account.workers]

    wait_until(lambda: asked() == [expected] * WORKERS, WARM_SECONDS, "as many queries as it says")
    assert [asked() for _ in range(5)] == [[expected] * WORKERS] * 5


@pytest.mark.parametrize("how", HOW)
def test_deactivated_visitor_is_nobody_until_activated_again(account: Account, how: str) -> None:
    for active in (False, True):
        account.active = active
        account.change("active", how, str(int(active)))
        account.check()
    assert account.wrong == []


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("what", ["group", "permission"])
def test_permission_comes_and_goes_with_the_next_request(
    account: Account, what: str, how: str
) -> None:
    for given in (True, False):
        account.groups[what] = given
        account.change(what, how, str(int(given)))
        account.check()
    assert account.wrong == []


@pytest.mark.parametrize("how", HOW)
def test_changed_password_ends_every_session(account: Account, how: str) -> None:
    account.change("password", how, "another")
    for session in account.sessions:
        session.valid = False
    account.password, account.old_password = "another", account.password
    account.check()
    account.log_in_with_the_old_password()
    account.log_in()
    account.check()
    assert account.wrong == []


def test_stolen_session_ends_when_its_owner_changes_the_password(account: Account) -> None:
    mine, stolen = account.sessions
    account.sessions = [mine]
    account.change_own_password()
    stolen.valid = False
    account.sessions.append(stolen)
    account.check()
    assert account.wrong == []
    assert [session.valid for session in account.sessions] == [False, True, False]


def test_rounds_across_the_workers_have_no_wrong_answer(
    names: tuple[str, ...],  # noqa: ARG001 - turns the set on
    replica: Replica,
) -> None:
    found = run(replica.port, ROUNDS)
    assert found.wrong == []
    assert found.answers > ROUNDS > found.refused


def test_wrong_answer_is_seen(names: tuple[str, ...], account: Account, replica: Replica) -> None:
    """A write past Django, of which the query cache can't know: without it, the answers are right."""
    wait_until(
        lambda: (
            queries(account.workers[0], account.sessions[0].cookie)
            == int("query-cache" not in names)
        ),
        WARM_SECONDS,
        "the visitor is cached where they can be",
    )
    with replica.database(role="app") as connection:
        connection.execute("UPDATE auth_user SET is_active = false WHERE username = 'visitor'")
    account.active = False
    account.check()
    assert bool(account.wrong) == ("query-cache" in names)
