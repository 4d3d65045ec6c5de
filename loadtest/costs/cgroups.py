"""CPU time and memory of a container, from the kernel's own accounting of its control group.

Versions 1 and 2 of the interface are read: Linux, Documentation/admin-guide/cgroup-v1/memory.rst
and cgroup-v2.rst. Which container is meant is the business of `books.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ("Account", "Usage")

ROOT, PROC = Path("/sys/fs/cgroup"), Path("/proc")
MICROSECONDS, NANOSECONDS = 1e3, 1e6
"""How many of them are a millisecond."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One reading.

    cpu_ms: CPU time, user and system, of all of the container's processes since it started.
    memory_bytes: what it holds now without the page cache: anonymous and shared memory (Postgres'
    buffers, tmpfs), and the kernel's own for it. peak_bytes: the most it ever held since it
    started, with the page cache; None where the kernel doesn't keep it.
    """

    cpu_ms: float
    memory_bytes: int
    peak_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the counters of one container are: the folders of its control group."""

    cpu: str
    memory: str

    @classmethod
    def of(cls, pid: int, root: Path = ROOT, proc: Path = PROC) -> Self | None:
        """The account of the container that the process is in; None where it can't be read."""
        try:
            found = dict(_folders((proc / str(pid) / "cgroup").read_text(), root))
            account = cls(cpu=str(found["cpuacct"]), memory=str(found["memory"]))
            account.read()
        except (OSError, KeyError, ValueError):
            return None
        return account

    def as_dict(self) -> dict[str, str]:
        """As it goes to the generator's process."""
        return asdict(self)

    def read(self) -> Usage:
        """Some 0.3 ms. Raises OSError once the container is gone."""
        return Usage(
            cpu_ms=_cpu_ms(Path(self.cpu)),
            memory_bytes=_memory_bytes(Path(self.memory)),
            peak_bytes=_peak_bytes(Path(self.memory)),
        )


def _folders(text: str, root: Path) -> Iterator[tuple[str, Path]]:
    """Lines are `number:controllers:path`; version 2 has one, without controllers, for all."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    for _number, controllers, path in lines:
        inside = path.lstrip("/")
        if not controllers:
            yield from ((name, root / inside) for name in ("cpuacct", "memory"))
    for _number, controllers, path in lines:
        for name in filter(None, controllers.split(",")):
            yield name, root / name / path.lstrip("/")


def _cpu_ms(folder: Path) -> float:
    first = folder / "cpuacct.usage"
    if first.exists():
        return int(first.read_text()) / NANOSECONDS
    return _table(folder / "cpu.stat")["usage_usec"] / MICROSECONDS


def _memory_bytes(folder: Path) -> int:
    """All that is charged but the cache of files; shared memory counts as cache there."""
    found = _table(folder / "memory.stat")
    if (folder / "memory.current").exists():
        used, cached, shared = folder / "memory.current", found["file"], found["shmem"]
    else:
        used, cached = folder / "memory.usage_in_bytes", found["total_cache"]
        shared = found.get("total_shmem", 0)
    return int(used.read_text()) - cached + shared


def _peak_bytes(folder: Path) -> int | None:
    for name in ("memory.peak", "memory.max_usage_in_bytes"):
        if (folder / name).exists():
            return int((folder / name).read_text())
    return None


def _table(file: Path) -> Mapping[str, int]:
    return {
        name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())
    }
