"""What several probes look at is looked at once in a report, and anew in the next one."""

import pytest

from slipstream.once import looked_at_once, one_report

LOOKED: list[int] = []


@looked_at_once
def look(what: int) -> int:
    LOOKED.append(what)
    return what


@looked_at_once
def fail() -> int:
    LOOKED.append(0)
    raise LookupError


def test_probes_of_one_report_share_what_was_seen_and_others_do_not() -> None:
    LOOKED.clear()
    for number in (1, 2):
        with one_report():
            assert {look(number), look(number)} == {number}
    assert (look(3), look(4)) == (3, 4)
    assert LOOKED == [1, 2, 3, 4]


def test_what_failed_is_tried_again_and_ends_no_report() -> None:
    LOOKED.clear()
    with one_report():
        for _ in range(2):
            with pytest.raises(LookupError):
                fail()
    assert LOOKED == [0, 0]
    with pytest.raises(LookupError), one_report():
        fail()
    assert (look(5), look(6)) == (5, 6)
