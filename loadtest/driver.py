"""Starts the generator process and speaks with it: JSON lines over its stdin and stdout.

What the generator does with them is in `generator/`.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from loadtest.errors import GeneratorError
from loadtest.paths import ROOT
from loadtest.pinning import Pinning
from loadtest.scenario import Scenario

__all__ = ("Generator", "running")

SILENCE_SECONDS = 90
"""Longer than any single answer may take (30 s), and than all log-ins together."""


class Generator:
    """Orders to a generator process; each raises GeneratorError when it fails or goes silent."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def order(
        self, operation: str, tell: Callable[[float], None] = lambda _: None, **content: Any
    ) -> dict[str, Any]:
        """Send an order and wait for its end; `tell` gets the requests per second so far."""
        self.send({"op": operation} | content)
        while (answer := self.receive()).pop("event") != "done":
            tell(float(answer.get("rate", 0)))
        return answer

    def send(self, content: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(BrokenPipeError):  # it died: `receive` says of what
            self._process.stdin.write(json.dumps(content) + "\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=SILENCE_SECONDS)
        except queue.Empty:
            raise GeneratorError(
                f"the generator said nothing for {SILENCE_SECONDS} s: see {self._log}"
            ) from None
        if not line:
            raise GeneratorError(
                f"the generator ended: {self._last_words()} (all of it in {self._log})"
            )
        answer: dict[str, Any] = json.loads(line)
        if answer["event"] == "error":
            raise GeneratorError(str(answer["message"]))
        return answer

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _last_words(self) -> str:
        self._process.wait(timeout=SILENCE_SECONDS)
        lines = self._log.read_text(errors="replace").split("\n") if self._log.exists() else []
        return next((line for line in reversed(lines) if line.strip()), "without a word")


@contextlib.contextmanager
def running(scenario: Scenario, pinning: Pinning, log: Path) -> Iterator[Generator]:
    """A generator for the time of the block; it is ended afterwards, whatever happens."""
    with log.open("a") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            cwd=ROOT,
            start_new_session=True,  # Ctrl-C reaches the lab alone, which then ends the generator
        )
    try:
        generator = Generator(process, log)
        generator.send(
            {"cores": pinning.generator, "weights": scenario.weights, "filtered": scenario.filtered}
        )
        generator.receive()
        yield generator
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
