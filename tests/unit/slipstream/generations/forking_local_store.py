"""Forks while the lock of a local store is held; prints which keys child and parent find.

A program of its own: pytest must not fork.
"""

import json
import os
import signal

from slipstream.generations.stores.local import build


def main() -> None:
    """Fork, and let the child answer through a pipe."""
    store = build("default", {})
    store.set("a", b"1", 60)
    reading, writing = os.pipe()
    with store._lock:
        pid = os.fork()
        if pid == 0:
            signal.alarm(10)  # a child that waits for the lock must not hang the test
            os.write(writing, json.dumps(list(store.get_many(["a"]))).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = {"child": json.loads(answer.read()), "parent": list(store.get_many(["a"]))}
    os.waitpid(pid, 0)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
