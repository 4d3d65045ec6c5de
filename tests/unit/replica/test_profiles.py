"""The volume through which profiles reach web."""

import threading
from pathlib import Path

import pytest

from replica import profiles
from replica.errors import ReplicaError
from replica.profiles import Volume, split


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    made = Volume(tmp_path)
    made.clear()
    return made


def test_markers_of_an_earlier_up_are_forgotten(volume: Volume) -> None:
    (volume.requested / "pgbouncer").touch()
    volume.clear()
    (volume.requested / "preload").touch()
    assert volume.markers() == ("preload",)


def test_the_active_set_is_read_as_written(volume: Volume) -> None:
    volume.write(("a", "b"))
    assert volume.read() == "a,b"


def test_before_the_first_set_there_is_none(volume: Volume) -> None:
    assert volume.read() is None


def test_a_refusal_lets_a_waiting_web_go_only_where_none_was_served(volume: Volume) -> None:
    volume.refuse()
    assert volume.state.read_text() == "refused"

    volume.write(("a",))
    volume.clear()
    volume.refuse()
    assert (volume.state.read_text(), volume.read()) == ("settled", "a")


def test_nobody_is_waited_for_where_no_web_runs(volume: Volume) -> None:
    with volume.instance() as instance:
        instance.serves("old")
    volume.wait_until_served("a")
    assert list(volume.instances.iterdir()) == []


def test_a_running_web_is_waited_for(volume: Volume) -> None:
    with volume.instance() as instance:
        instance.serves("old")
        served = []

        def switch() -> None:
            served.append("new")
            instance.serves("new")

        timer = threading.Timer(0.3, switch)
        timer.start()
        volume.wait_until_served("new")
        assert served
        timer.join()


def test_a_web_that_does_not_come_back_is_an_error(
    volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "RESTART_SECONDS", 0.2)
    with volume.instance() as instance:
        instance.serves("-")
        with pytest.raises(ReplicaError, match="docker compose logs web"):
            volume.wait_until_served("a")


def test_what_is_no_optimization_is_told_apart() -> None:
    assert split(("pgbouncer", "profiling", "preload")) == (
        ("pgbouncer", "preload"),
        ("profiling",),
    )


@pytest.mark.parametrize(("name", "meant"), [("profilng", "profiling"), ("pgbuncer", "pgbouncer")])
def test_unknown_profile_is_named_with_the_nearest(name: str, meant: str) -> None:
    message = rf"unknown profile '{name}' in COMPOSE_PROFILES: did you mean '{meant}'\?"
    with pytest.raises(ReplicaError, match=message):
        split((name,), " in COMPOSE_PROFILES")
