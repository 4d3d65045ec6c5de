"""gunicorn's settings: processes and threads from the limits, hooks that warm and preload the site."""

import os

from replica import capacity
from replica.settings import read
from slipstream import config as configuration
from slipstream.config import names_in

_active = names_in(os.environ.get("SLIPSTREAM_ACTIVE", ""))
_plan = capacity.plan(read(os.environ), _active)

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = _plan.workers
threads = _plan.threads
preload_app = "preload" in _active
keepalive = 75
graceful_timeout = 10
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory, so that a heartbeat is no disk write
control_socket_disable = True
errorlog = "-"


def when_ready(server):
    """With `preload`, the parent warms and freezes what its workers will share."""
    if preload_app:
        from slipstream.processes.preload import before_fork

        before_fork(configuration.current())


def post_worker_init(worker):
    """Without `preload`, each worker warms itself before its first request."""
    if not preload_app:
        from slipstream.templates.warming import warm

        warm(_active)
    if not {"query-cache", "fragment-cache"}.isdisjoint(_active):
        from slipstream.querycache.clearing import clear_as_soon_as_possible

        # What was written while it was off, it never heard of. Any worker may be first to answer.
        clear_as_soon_as_possible()


def worker_exit(server, worker):
    """Close pools: their threads would hold the process up until the graceful time-out."""
    from slipstream.processes.preload import close_connections

    close_connections()
