"""A server that asks memcached and then forks; prints what parent and child each counted.

Parent and child ask at the same time, each for a key of its own: a connection that both had would
mix up their answers. A program of its own: pytest must not fork.
"""

import json
import os
import sys

import django
from django.conf import settings

from slipstream.generations.stores import Store, store_for

ROUNDS = 200


def wrong_answers(store: Store, key: str) -> int:
    """Return how often the store did not answer with what was stored under `key`."""
    store.set(key, key.encode(), 60)
    return sum(store.get_many([key]) != {key: key.encode()} for _ in range(ROUNDS))


def main() -> None:
    """Open a connection, fork, and ask on both sides."""
    settings.configure(CACHES=json.load(sys.stdin))
    django.setup()
    store = store_for("default")
    store.get_many(["a"])
    pid = os.fork()
    if pid == 0:
        os._exit(min(wrong_answers(store, "child"), 255))
    wrong = wrong_answers(store, "parent")
    status = os.waitpid(pid, 0)[1]
    print(json.dumps({"parent": wrong, "child": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    main()
