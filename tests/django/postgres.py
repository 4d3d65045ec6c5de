"""A PostgreSQL server for the suite's time: the replica's image, no disk, a password of its own."""

import os
import secrets
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.django.plan import Server
from tests.django.sources import ROOT

URL_VARIABLE = (
    "TEST_DJANGO_POSTGRES"  # postgresql://USER:PASSWORD@HOST:PORT of a server to use instead
)
BOOT_SECONDS = 60
INIT_AND_SERVE = """
set -eu
umask 077
printf %s "$POSTGRES_PASSWORD" >/pgdata/password
initdb --pgdata /pgdata/db --username postgres --pwfile /pgdata/password --auth scram-sha-256 \
  --encoding UTF8 --locale C.UTF-8 >/dev/null
echo 'host all all all scram-sha-256' >>/pgdata/db/pg_hba.conf
exec postgres -D /pgdata/db -c listen_addresses='*' -c unix_socket_directories=/pgdata \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=50
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server as the host sees it, and the network by which a container shares it."""

    server: Server  # as seen from the host
    network: str  # for `docker run --network`
    inside: Server  # as seen from that network


@contextmanager
def postgres() -> Iterator[Running]:
    url = os.environ.get(URL_VARIABLE)
    if url:
        given = _parse(url)
        yield Running(server=given, network="host", inside=given)
        return
    password = secrets.token_urlsafe(24)
    name = f"slipstream-test-django-{os.getpid()}"
    subprocess.run(["docker", "compose", "build", "--quiet", "postgres"], cwd=ROOT, check=True)
    _start(name, password)
    try:
        port = _published_port(name)
        _wait(name)
        inside = Server(host="127.0.0.1", port=5432, user="postgres", password=password)
        outside = Server(host="127.0.0.1", port=port, user="postgres", password=password)
        yield Running(server=outside, network=f"container:{name}", inside=inside)
    finally:
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False
        )


def _parse(url: str) -> Server:
    parts = urllib.parse.urlsplit(url)
    return Server(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        user=urllib.parse.unquote(parts.username or "postgres"),
        password=urllib.parse.unquote(parts.password or ""),
    )


def _start(name: str, password: str) -> None:
    subprocess.run(
        [
            *("docker", "run", "--detach", "--rm", "--init", "--name", name),
            *("--publish", "127.0.0.1::5432", "--env", "POSTGRES_PASSWORD"),
            *("--tmpfs", "/pgdata:uid=901,gid=901,mode=0700", "--shm-size", "128m"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--entrypoint", "sh", "slipstream-postgres", "-c", INIT_AND_SERVE),
        ],
        env={**os.environ, "POSTGRES_PASSWORD": password},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _published_port(name: str) -> int:
    command = ["docker", "port", name, "5432/tcp"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(shown.splitlines()[0].rpartition(":")[2])


def _wait(name: str) -> None:
    command = ["docker", "exec", name, "pg_isready", "--quiet", "--host", "127.0.0.1"]
    deadline = time.monotonic() + BOOT_SECONDS
    while subprocess.run(command, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            logs = subprocess.run(
                ["docker", "logs", "--tail", "5", name], capture_output=True, check=False
            )
            said = (logs.stdout + logs.stderr).decode()
            raise SystemExit(
                f"error: PostgreSQL did not start in {BOOT_SECONDS} s; its log: {said}"
            )
        time.sleep(0.2)
