"""A MariaDB server in a container, for the time of one module of tests; its image is made once.

As `benchmarks/services.py` runs PostgreSQL: on 127.0.0.1 of the host's own network, its data in
memory.
"""

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.replica import free_port, wait_until

__all__ = ["Mariadb", "mariadb"]

IMAGE = "slipstream-mariadb-test"
BUILD_SECONDS, BOOT_SECONDS = 600, 120
INIT_AND_SERVE = """
set -eu
umask 077
mariadb-install-db --no-defaults --datadir=/data/db --skip-test-db --skip-name-resolve >&2
cat >/data/init.sql <<SQL
CREATE DATABASE slipstream CHARACTER SET utf8mb4;
CREATE USER slipstream@'127.0.0.1' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL ON *.* TO slipstream@'127.0.0.1' WITH GRANT OPTION;
SQL
exec mariadbd --no-defaults --datadir=/data/db --init-file=/data/init.sql --socket=/data/socket \
  --bind-address=127.0.0.1 --port="$MARIADB_PORT" --skip-name-resolve \
  --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mariadb:
    """A server with one empty database."""

    container: str
    port: int
    password: str
    name: str = "slipstream"
    user: str = "slipstream"
    host: str = "127.0.0.1"

    def answers(self) -> bool:
        """Say whether it greets, which it does once its users are made. Fails where it has ended."""
        running = _docker("inspect", "--format", "{{.State.Running}}", self.container).stdout
        assert running.strip() == "true", "MariaDB has ended"
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as made:
                return bool(made.recv(1))
        except OSError:
            return False


@contextmanager
def mariadb() -> Iterator[Mariadb]:
    """Run a MariaDB server with an empty database `slipstream`."""
    if _docker("image", "inspect", IMAGE, check=False).returncode:
        _docker("build", "--tag", IMAGE, str(Path(__file__).parent), seconds=BUILD_SECONDS)
    made = Mariadb(
        container=f"{IMAGE}-{os.getpid()}-{secrets.token_hex(3)}",
        port=free_port(),
        password=secrets.token_hex(16),
    )
    options = (
        *("--detach", "--init", "--name", made.container, "--network", "host"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--env", "MARIADB_PASSWORD", "--env", "MARIADB_PORT"),
        *("--tmpfs", "/data:uid=905,gid=905,mode=0700"),
    )
    variables = {"MARIADB_PASSWORD": made.password, "MARIADB_PORT": str(made.port)}
    _docker("run", *options, IMAGE, "sh", "-c", INIT_AND_SERVE, variables=variables)
    try:
        _wait(made)
        yield made
    finally:
        _docker("rm", "--force", "--volumes", made.container, check=False)


def _wait(server: Mariadb) -> None:
    try:
        wait_until(server.answers, BOOT_SECONDS, "MariaDB takes connections")
    except AssertionError as error:
        logs = _docker("logs", "--tail", "5", server.container, check=False)
        raise AssertionError(f"{error}; it said: {logs.stdout}{logs.stderr}") from error


def _docker(
    *words: str, check: bool = True, seconds: int = 60, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ("docker", *words),
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert not (check and done.returncode), f"docker {' '.join(words[:2])} …: {done.stderr.strip()}"
    return done
