"""What the figures depend on: machine, versions, commit. Runs are comparable where these are equal.

The replica's own versions come from its page /-/optimizations and are added by the runner.
"""

import hashlib
import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from loadtest.paths import ROOT

__all__ = ("DECISIVE", "collect")

DECISIVE = ("cpu", "cores", "measured_commit", "changes")
"""A run is resumed only where these are still the same."""
MEASURED_PATHS = ("compose.yaml", "services", "loadtest")
TOOLS = ("locust", "gevent", "geventhttpclient", "numpy", "statsmodels")


def collect() -> dict[str, Any]:
    """`measured_commit` is the last that touched what is measured, `changes` a digest beyond it."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "docker": _output("docker", "version", "--format", "{{.Server.Version}}"),
        "compose": _output("docker", "compose", "version", "--short"),
        "python": platform.python_version(),
        "tools": {name: metadata.version(name) for name in TOOLS},
        "commit": _output("git", "rev-parse", "HEAD"),
        "measured_commit": _output("git", "log", "-1", "--format=%H", "--", *MEASURED_PATHS),
        "changes": _changes(),
    }


def _changes() -> str:
    """A digest of what is not committed of the measured paths; '' for nothing."""
    names = _output("git", "status", "--porcelain", "--", *MEASURED_PATHS)
    content = _output("git", "diff", "HEAD", "--", *MEASURED_PATHS)
    text = f"{names or ''}{content or ''}"
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""


def _cpu() -> str:
    try:
        model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        model = None
    return model[1] if model else platform.processor() or platform.machine()


def _output(*command: str) -> str | None:
    """Standard output, or None where the tool is missing or fails."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
