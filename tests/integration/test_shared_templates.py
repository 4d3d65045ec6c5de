"""What is compiled is shared through the replica's memcached: Django's templates, and Jinja2's byte code."""

from typing import Any

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


def test_processes_of_the_next_boot_compile_nothing(replica: Replica) -> None:
    replica.up(COUNTS)
    session = replica.login()
    for name in COUNTS:
        counts(replica, name)  # its probe asks for more than a page does
    replica.up([])

    replica.up(COUNTS)

    pages = ("/people/", "/colleges/")  # of either engine
    assert [Timing.of(replica.get(page, session)).compiled for page in pages] == [0, 0]
    for name in COUNTS:
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
