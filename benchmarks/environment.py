"""The environment that holds django-cachalot and django-cacheops, made from a lock with hashes.

They are no dependency of the project, hence not in its own environment.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.services import ROOT

__all__ = ["python"]

LOCK = ROOT / "requirements" / "bench.txt"
FOLDER = ROOT / ".cache"


def python() -> Path:
    """Return the interpreter of that environment; makes it where the lock has changed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(LOCK.read_bytes() + version.encode()).hexdigest()[:12]
    folder = FOLDER / f"bench-{digest}"
    if not folder.exists():
        _make(folder)
    return folder / "bin" / "python"


def _make(folder: Path) -> None:
    for old in FOLDER.glob("bench-*"):
        shutil.rmtree(old)
    print("making an environment with django-cachalot and django-cacheops", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*pip, "--disable-pip-version-check", "--require-hashes", "--requirement", str(LOCK)],
            stdin=subprocess.DEVNULL,
            check=True,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half of it would be taken for all of it
        raise
