"""An open line to a program inside of a container: a question in, its answer's lines out.

One stays open for a whole run: a `docker exec` takes 0.1 s, a question over an open line 1 ms.
"""

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence

from loadtest.errors import ReplicaError

__all__ = ("END", "Line", "opened")

END = "END"
"""The line after an answer: memcached ends its statistics with it, psql is told to print it."""
PATIENCE_SECONDS, GOODBYE_SECONDS = 20, 2


class Line:
    """Questions to a process; each raises ReplicaError when it ends or goes silent."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process, self._name = process, name

    def ask(self, question: str) -> list[str]:
        """The lines of the answer, without END."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        patience = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        patience.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended: the answer says of what
                self._process.stdin.write(question)
                self._process.stdin.flush()
            return list(self._answer())
        finally:
            patience.cancel()

    def _answer(self) -> Iterator[str]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        words = ""
        for line in self._process.stdout:
            if line.strip() == END:
                return
            words = line.strip()
            yield words
        raise ReplicaError(
            f"the statistics of {self._name!r} can't be read: it ended or said nothing for "
            f"{PATIENCE_SECONDS} s, last words: {words or 'none'}; is the service up?"
        )


@contextlib.contextmanager
def opened(command: Sequence[str], name: str) -> Iterator[Line]:
    """A line for the time of the block; its process is ended afterwards, whatever happens."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C reaches the lab alone, which then ends it
    )
    try:
        yield Line(process, name)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """At the end of its input it ends by itself, in the container, too; killed, only out here."""
    try:
        process.communicate(timeout=GOODBYE_SECONDS)
    except (subprocess.TimeoutExpired, BrokenPipeError):
        process.kill()
        process.wait()
