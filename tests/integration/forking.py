"""A server that opens Django's pool and then forks two workers, one after the other.

Prints the backend that served each worker. A program of its own: pytest must not fork.
"""

import json
import os
import sys

import django
from django.conf import settings
from django.db import connection

from slipstream.processes.preload import close_connections


def backend() -> int:
    """Return the backend that serves this process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def worker() -> None:
    """Print the backend of a forked worker, which ends without a word to Postgres."""
    pid = os.fork()
    if pid == 0:
        print(backend(), flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def main() -> None:
    """Open the pool as an import of the site might, then fork."""
    given = json.load(sys.stdin)
    settings.configure(DATABASES={"default": given["database"]}, USE_TZ=True)
    django.setup()
    backend()
    connection.close()
    if given["close_before_fork"]:
        close_connections()
    worker()
    worker()
    close_connections()


if __name__ == "__main__":
    main()
