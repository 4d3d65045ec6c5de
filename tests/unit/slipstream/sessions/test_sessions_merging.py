"""What a merge keeps: the changes of both, each by its own key."""

import json
from typing import Any

import pytest

from slipstream.sessions.merging import merged

CASES = {
    "nothing changed": ({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}),
    "mine alone": ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
    "theirs alone": ({"a": 1}, {"a": 1}, {"a": 3}, {"a": 3}),
    "both, other keys": ({}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    "both, one key": ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}),
    "removed here": ({"a": 1}, {}, {"a": 1, "b": 2}, {"b": 2}),
    "removed there": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 2}, {"b": 3}),
    "removed here, changed there": ({"a": 1}, {}, {"a": 2}, {}),
    "removed there, changed here": ({"a": 1}, {"a": 2}, {}, {"a": 2}),
    "equal to Python alone": ({"a": 1}, {"a": True}, {"a": 1}, {"a": True}),
    "a tuple as a list": ({"a": [1, 2]}, {"a": (1, 2)}, {"a": [3]}, {"a": [3]}),
}


def dumps(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


@pytest.mark.parametrize("name", CASES)
def test_each_side_keeps_its_changes(name: str) -> None:
    base, mine, now, expected = CASES[name]
    result = merged(base, mine, now, dumps)
    assert dumps(result) == dumps(expected)
