"""Secrets work whatever they hold, can be rotated, reach their readers alone and show nowhere."""

import random
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from services.secrets.credentials.table import GROUPS, PASSWORDS, POSTGRES_ROLES

from .replica import Replica, wait_until

PROFILES = ["redis-sessions", "pgbouncer"]
READERS = ("web", "postgres", "pgbouncer", "redis")
SERVICES = (*READERS, "migrate", "seed", "secrets")
READABLE = {
    "web": {
        "django-secret-key",
        "postgres-app.password",
        "postgres-monitor.password",
        "redis-web.password",
    },
    "postgres": {*(f"postgres-{role}.verifier" for role in POSTGRES_ROLES)}
    | {"postgres-health.password"},
    "pgbouncer": {"pgbouncer-userlist.txt", "postgres-health.password"},
    "redis": {"redis-users.acl", "redis-health.password"},
}
PRINTABLE = string.digits + string.ascii_letters + string.punctuation
AWKWARD = {
    "punctuation": "\"'$:@/#% \\",
    "64 random characters": "".join(random.Random(7).choices(PRINTABLE, k=64)),
    "spaces around": "  secret  ",
}


@pytest.fixture(scope="module")
def secured(replica: Replica) -> Iterator[Replica]:
    """A replica with every service that has a password; its generated secrets come back."""
    replica.up(PROFILES)
    yield replica
    renew(replica, ROTATE="1")


def renew(replica: Replica, **given: str) -> str:
    """Run the secrets service and restart its readers: the whole of a rotation."""
    environment: dict[str, Any] = {**given, "COMPOSE_PROFILES": ",".join(PROFILES)}
    ran = replica.compose("run", "--rm", "-T", "secrets", **environment)
    assert ran.returncode == 0, ran.stdout
    restarted = replica.compose("restart", *READERS, **environment)
    assert restarted.returncode == 0, restarted.stdout
    wait_until(lambda: {replica.health(name) for name in READERS} == {"healthy"}, 60, "healthy")
    return ran.stdout


def all_secrets(replica: Replica) -> dict[str, str]:
    """Return every secret by name; one container reads them all."""
    script = 'cd /secrets && for f in *; do printf "%s\\0" "$f"; cat "$f"; printf "\\0"; done'
    volume = f"{replica.project}_secrets:/secrets:ro"
    text = output("run", "--rm", "-v", volume, "debian:trixie-slim", "sh", "-c", script)
    parts = text.split("\0")
    return dict(zip(parts[:-1:2], parts[1::2], strict=True))


def output(*words: str) -> str:
    done = subprocess.run(
        ["docker", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    assert done.stdout
    return done.stdout


def sessions(replica: Replica) -> "redis.Redis":
    host, port = replica.service_address("redis", 6379)
    password = replica.secret("redis-web.password")
    return redis.Redis(host=host, port=port, username="web", password=password)


def assert_all_logins_work(replica: Replica) -> None:
    for role in POSTGRES_ROLES:
        for service in ("postgres", "pgbouncer"):
            with replica.database(service, role) as client:
                assert client.execute("SELECT current_user").fetchone() == (role,)
    with sessions(replica) as client:
        assert client.ping()
    assert replica.get("/dashboard/", replica.login()).status_code == 200


def assert_refused(replica: Replica, role: str, password: str) -> None:
    for service, port in (("postgres", 5432), ("pgbouncer", 6432)):
        host, _ = replica.service_address(service, port)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(host=host, port=port, user=role, password=password, dbname="campus")


@pytest.mark.parametrize("kind", AWKWARD)
def test_given_password_works_through_every_service(
    secured: Replica, tmp_path: Path, kind: str
) -> None:
    for name in PASSWORDS:
        (tmp_path / name).write_text(AWKWARD[kind] + "\n")
    renew(secured, SLIPSTREAM_SECRETS=str(tmp_path))
    secrets = all_secrets(secured)
    assert {secrets[name] for name in PASSWORDS} == {AWKWARD[kind]}
    assert_all_logins_work(secured)


def test_rotation_changes_every_login(secured: Replica) -> None:
    before = all_secrets(secured)
    renew(secured, ROTATE="1")
    assert not set(before.values()) & set(all_secrets(secured).values())
    assert_all_logins_work(secured)
    assert_refused(secured, "app", before["postgres-app.password"])


def test_refused_secret_names_the_remedy_and_changes_nothing(
    secured: Replica, tmp_path: Path
) -> None:
    before = secured.secret("redis-web.password")
    (tmp_path / "redis-web.pasword").write_text("secret")
    ran = secured.compose("run", "--rm", "-T", "secrets", SLIPSTREAM_SECRETS=str(tmp_path))
    assert ran.returncode == 1
    assert "did you mean 'redis-web.password'?" in ran.stdout
    assert secured.secret("redis-web.password") == before


@pytest.mark.parametrize("service", READERS)
def test_service_reads_its_own_secrets_alone(secured: Replica, service: str) -> None:
    script = (
        f"cd /run/slipstream/secrets && for f in {' '.join(GROUPS)}; do [ -r $f ] && echo $f; done"
    )
    done = secured.compose("exec", "-T", service, "sh", "-c", f"{script}; true")
    assert set(done.stdout.split()) == READABLE[service]


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_shows_in_inspect_logs_or_history(secured: Replica, service: str) -> None:
    container: dict[str, Any] = secured.container(service)
    shown = [
        output("inspect", container["Id"], container["Image"]),
        output("logs", container["Id"]),
        output("history", "--no-trunc", container["Image"]),
    ]
    secrets = all_secrets(secured)
    assert set(secrets) == set(GROUPS)
    assert not [name for name, text in secrets.items() for part in shown if text in part]
