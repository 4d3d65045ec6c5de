"""What is compiled is shared through the replica's memcached: Django's templates, and Jinja2's byte code."""

from typing import Any

import pytest

from .replica import Replica, Timing, wait_until

SHARED = "shared-templates"
COUNTS = {SHARED: "templates", "jinja2": "byte_code"}
PAGES = ("/", "/login/", "/people/")


def counts(replica: Replica, name: str) -> dict[str, int]:
    """What became of one worker's questions."""
    probe: dict[str, Any] = replica.optimizations()["probes"][name]
    assert probe["in_force"], probe
    found: dict[str, int] = probe["evidence"][COUNTS[name]]
    return found


@pytest.mark.parametrize("name", COUNTS)
def test_processes_of_the_next_boot_compile_nothing(replica: Replica, name: str) -> None:
    replica.up([name])
    session = replica.login()
    for _ in range(8):
        replica.get("/people/", session)
    counts(replica, name)
    replica.up([])

    replica.up([name])

    assert Timing.of(replica.get("/people/", session)).compiled == 0
    found = counts(replica, name)
    assert found["found"] > 0
    assert set(found) == {"found"}


def test_templates_are_compiled_while_memcached_is_away(replica: Replica) -> None:
    replica.up([SHARED])
    session = replica.login()
    whole = [replica.get(path, session).status_code for path in PAGES]
    replica.compose("stop", "memcached", COMPOSE_PROFILES=SHARED)
    try:
        assert [replica.get(path, session).status_code for path in PAGES] == whole

        replica.compose("restart", "web")

        wait_until(lambda: replica.health("web") == "healthy", 60, "web is healthy")
        assert [replica.get(path, session).status_code for path in PAGES] == whole
        probe = replica.optimizations()["probes"][SHARED]
        assert not probe["in_force"]
        assert probe["evidence"]["templates"]["unavailable"] > 0
    finally:
        replica.compose("start", "memcached", COMPOSE_PROFILES=SHARED)
    wait_until(lambda: replica.health("memcached") == "healthy", 60, "memcached is back")
    wait_until(
        lambda: replica.optimizations()["probes"][SHARED]["in_force"], 20, "they are shared again"
    )
