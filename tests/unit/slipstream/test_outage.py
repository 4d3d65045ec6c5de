"""The circuit breaker, on a clock that the test moves."""

import logging

import pytest

from slipstream.outage import Breaker, Outage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    outage = Outage(
        what="Redis does not answer",
        consequence="visitors may try again",
        logger="slipstream.tests",
        clock=clock,
    )
    return Breaker(outage, seconds=1.0)


def _fail(breaker: Breaker) -> None:
    breaker.leave(breaker.enter(), "refused")


def test_lets_everyone_pass_while_all_is_well(breaker: Breaker) -> None:
    assert all(breaker.enter() for _ in range(3))


def test_lets_nobody_pass_after_a_failure(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker)
    clock.now += 0.9
    assert breaker.enter() is None


def test_lets_a_single_probe_pass_however_long_it_takes(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker)
    clock.now += 1.0
    assert breaker.enter() is not None
    clock.now += 60.0
    assert breaker.enter() is None


def test_waits_again_after_a_probe_that_failed(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker)
    clock.now += 1.0
    _fail(breaker)
    clock.now += 0.9
    assert breaker.enter() is None
    clock.now += 0.1
    assert breaker.enter() is not None


def test_opens_to_everyone_after_a_probe_that_went_well(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker)
    clock.now += 1.0
    breaker.leave(breaker.enter(), None)
    assert all(breaker.enter() for _ in range(3))


def test_answer_to_a_call_from_before_the_outage_does_not_end_it(breaker: Breaker) -> None:
    early = breaker.enter()
    _fail(breaker)
    breaker.leave(early, None)
    assert breaker.enter() is None


def test_logs_begin_and_end_of_an_outage_and_nothing_between(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            _fail(breaker)
            clock.now += 1.0
        breaker.leave(breaker.enter(), None)
        breaker.leave(breaker.enter(), None)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert {record.name for record in caplog.records} == {"slipstream.tests"}
    assert caplog.messages[0] == "Redis does not answer: refused; visitors may try again"
    assert "over after 3.0 s" in caplog.messages[1]
