"""Toggle truth: whatever way a set of profiles is given, it is the one reported and in force."""

import os
import subprocess
from pathlib import Path

import pytest

from slipstream.optimizations import OPTIMIZATIONS, by_name, recommended
from tests.combinations.pairs import covering_array, may_be_combined

from .replica import ROOT, Replica, assert_reports

SETS = covering_array()


def test_the_array_covers_every_pair_of_optimizations_that_may_be_combined() -> None:
    covered = {(a, b) for names in SETS for a in names for b in names}
    pairs = {
        (a.name, b.name)
        for a in OPTIMIZATIONS
        for b in OPTIMIZATIONS
        if a.factor != b.factor and may_be_combined((a.name, b.name))
    }
    assert pairs <= covered
    assert all((row.name, row.name) in covered for row in OPTIMIZATIONS)


def started(replica: Replica, service: str) -> str:
    return str(replica.container(service)["State"]["StartedAt"])


@pytest.mark.parametrize("names", SETS, ids=lambda names: "+".join(names) or "baseline")
def test_a_set_in_the_variable_is_reported_and_in_force(
    replica: Replica, names: tuple[str, ...]
) -> None:
    before = started(replica, "postgres"), started(replica, "web")

    replica.up(names)

    assert_reports(replica, names)
    assert (started(replica, "postgres"), started(replica, "web")) == before


@pytest.mark.parametrize("names", SETS, ids=lambda names: "+".join(names) or "baseline")
def test_a_set_given_by_flags_is_reported_and_in_force(
    replica: Replica, names: tuple[str, ...]
) -> None:
    flags = [word for name in names for word in ("--profile", name)]

    done = replica.compose(*flags, "up", "-d", "--wait")

    assert done.returncode == 0, done.stdout
    assert_reports(replica, names)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """A .env of the test's own: Compose reads COMPOSE_PROFILES from it as from the real one."""
    return tmp_path / ".env"


def test_a_set_in_the_env_file_is_reported_and_in_force(replica: Replica, env_file: Path) -> None:
    names = recommended()
    env_file.write_text(f"COMPOSE_PROFILES={','.join(names)}\n")
    del replica.environment["COMPOSE_PROFILES"]
    try:
        done = replica.compose("--env-file", str(env_file), "up", "-d")
    finally:
        replica.environment["COMPOSE_PROFILES"] = ""

    assert done.returncode == 0, done.stdout
    assert_reports(replica, names)


def test_a_cold_start_with_profiles_has_them_in_force(replica: Replica) -> None:
    replica.compose("--profile", "*", "down", "--timeout", "5")

    replica.up(["redis-sessions", "pgbouncer"])

    assert_reports(replica, ("redis-sessions", "pgbouncer"))
    assert replica.get("/colleges/").status_code == 200


def test_what_is_turned_off_is_off(replica: Replica) -> None:
    replica.up(recommended())
    replica.up([])
    assert_reports(replica, ())


def test_the_same_set_again_restarts_nothing(replica: Replica) -> None:
    replica.up(["cached-templates"])
    services = ("web", "postgres")
    before = [started(replica, service) for service in services]
    log = replica.compose("logs", "web").stdout.count("Listening at")

    replica.up(["cached-templates"])

    assert [started(replica, service) for service in services] == before
    assert replica.compose("logs", "web").stdout.count("Listening at") == log


def test_a_refused_set_leaves_the_running_one_alone(replica: Replica) -> None:
    replica.up(["preload"])

    done = replica.compose("up", "-d", COMPOSE_PROFILES="pgbouncer,connection-pool")

    assert done.returncode != 0
    assert_reports(replica, ("preload",))


def test_down_leaves_no_container_and_no_network_of_any_profile(replica: Replica) -> None:
    replica.up([row.name for row in OPTIMIZATIONS if row.name in recommended()])

    subprocess.run(
        ["make", "down"], cwd=ROOT, env=_environment(replica), check=True, capture_output=True
    )

    for kind in ("ps --all", "network ls"):
        label = f"label=com.docker.compose.project={replica.project}"
        words = ["docker", *kind.split(), "--quiet", "--filter", label]
        assert subprocess.check_output(words, text=True) == ""
    replica.up([])


def test_make_up_stops_the_services_outside_of_the_set(replica: Replica) -> None:
    replica.up(["pgbouncer", "redis-sessions"])

    done = subprocess.run(
        ["make", "up", "PROFILES=redis-sessions preload"],
        cwd=ROOT,
        env=_environment(replica),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert_reports(replica, ("redis-sessions", "preload"))
    running = replica.compose("ps", "--services", "--all", COMPOSE_PROFILES="*").stdout.split()
    assert "redis" in running
    assert by_name["pgbouncer"].services[0] not in running


def _environment(replica: Replica) -> dict[str, str]:
    environment = os.environ | replica.environment
    environment.pop("COMPOSE_PROFILES")
    return environment
