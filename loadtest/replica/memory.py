"""Whether the machine has the memory that the lab's containers may take."""

import re
from pathlib import Path

from loadtest.errors import ReplicaError

__all__ = ("available_mib", "budget")


def available_mib(meminfo: str) -> int | None:
    """MemAvailable of /proc/meminfo's text, None where it isn't there."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found[1]) // 1024 if found else None


def budget(budget_mib: int, meminfo: Path = Path("/proc/meminfo")) -> str:
    """The budget in a sentence; raises ReplicaError where the machine has less free memory."""
    try:
        available = available_mib(meminfo.read_text())
    except OSError:
        available = None
    if available is None:
        raise ReplicaError(
            f"can't read how much memory is free from {str(meminfo)!r}: the lab needs Linux"
        )
    if available < budget_mib:
        raise ReplicaError(
            f"the lab's containers may take {budget_mib} MiB, but only {available} MiB are free: "
            "stop other programs (`make down`), or measure fewer cells with ONLY=…"
        )
    return f"memory: the containers may take {budget_mib} MiB of {available} MiB free"
