"""A fixed piece of work, timed while a phase lasts and no longer."""

import gevent

from loadtest.generator.gauge import EVERY_SECONDS, Gauge, gauged


def test_work_is_timed_while_the_block_lasts() -> None:
    with gauged() as gauge:
        gevent.sleep(10 * EVERY_SECONDS)
    taken = len(gauge.times_us)
    assert 3 <= taken <= 10
    gevent.sleep(3 * EVERY_SECONDS)
    assert len(gauge.times_us) == taken
    assert gauge.median_us
    assert gauge.median_us > 0


def test_nothing_timed_has_no_median() -> None:
    assert Gauge().median_us is None
