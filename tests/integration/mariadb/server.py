"""A MariaDB server in a container, for the time of one module of tests; its image is made once.

Run as `benchmarks/services.py` runs the replica's servers: on 127.0.0.1, its data in memory.
"""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.services import container, docker, free_port, name_of, wait

__all__ = ["Mariadb", "mariadb"]

IMAGE = "slipstream-mariadb-test"
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

    def greets(self) -> bool:
        """Say whether it takes connections, which it does once its users are made."""
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as made:
                return bool(made.recv(1))
        except OSError:
            return False


@contextmanager
def mariadb() -> Iterator[Mariadb]:
    """Run a MariaDB server with an empty database `slipstream`."""
    if docker("image", "inspect", IMAGE, check=False):
        docker("build", "--tag", IMAGE, str(Path(__file__).parent))
    made = Mariadb(container=name_of("mariadb"), port=free_port(), password=secrets.token_hex(16))
    variables = {"MARIADB_PASSWORD": made.password, "MARIADB_PORT": str(made.port)}
    options = (
        *(part for name in variables for part in ("--env", name)),
        *("--tmpfs", "/data:uid=905,gid=905,mode=0700"),
    )
    command = ("sh", "-c", INIT_AND_SERVE)
    with container(IMAGE, made.container, options, command, variables):
        wait(made.container, made.greets)
        yield made
