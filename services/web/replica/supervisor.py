"""Runs gunicorn with the active set, and runs it anew when the set changes."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import FrameType

from replica.profiles import NOTHING_YET, SWITCHING, Instance, Volume

__all__ = ["serve"]

POLL_SECONDS = 0.2
BIND_PORT = 8000


def serve(volume: Volume, fixed: str | None) -> int:
    """Run until told to stop; return gunicorn's exit status.

    fixed: a set given by SLIPSTREAM_ACTIVE; then nothing is watched.
    """
    if fixed is not None:
        os.environ["SLIPSTREAM_ACTIVE"] = fixed
        os.execvp("gunicorn", _command())  # noqa: S606 - it takes this process over
    with volume.instance() as instance:
        return _follow(volume, instance)


def _follow(volume: Volume, instance: Instance) -> int:
    stop = _Stop()
    instance.serves(NOTHING_YET)
    while not stop.asked:
        names = volume.read()
        if names is None:
            time.sleep(POLL_SECONDS)
            continue
        child = subprocess.Popen(_command(), env=os.environ | {"SLIPSTREAM_ACTIVE": names})
        announced = False
        while child.poll() is None and not stop.asked and volume.read() == names:
            if not announced and _is_live():
                instance.serves(names)
                announced = True
            time.sleep(POLL_SECONDS)
        if child.poll() is not None:
            return child.returncode
        instance.serves(SWITCHING)
        _terminate(child)
    return 0


def _command() -> list[str]:
    return ["gunicorn", "--config", "gunicorn.conf.py", "replica.wsgi:application"]


def _terminate(child: "subprocess.Popen[bytes]") -> None:
    child.send_signal(signal.SIGTERM)
    child.wait()


def _is_live() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{BIND_PORT}/-/health/live", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


class _Stop:
    """Notes the signal by which Docker asks a container to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        print(f"web stops ({signal.Signals(number).name})", file=sys.stderr, flush=True)
        self.asked = True
