"""Environments of packages that are no dependency of the project, made from a lock with hashes.

Each is below .cache/, by the lock's name.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.services import ROOT

__all__ = ["python"]

FOLDER = ROOT / ".cache"


def python(lock: str) -> Path:
    """Return the interpreter of the environment of `requirements/LOCK.txt`; makes it where that changed."""
    path = ROOT / "requirements" / f"{lock}.txt"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(path.read_bytes() + version.encode()).hexdigest()[:12]
    folder = FOLDER / f"{lock}-{digest}"
    if not folder.exists():
        _make(folder, path)
    return folder / "bin" / "python"


def _make(folder: Path, lock: Path) -> None:
    for old in FOLDER.glob(f"{lock.stem}-*"):
        shutil.rmtree(old)
    print(f"making the environment of {lock.relative_to(ROOT)}", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*pip, "--disable-pip-version-check", "--require-hashes", "--requirement", str(lock)],
            stdin=subprocess.DEVNULL,
            check=True,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half of it would be taken for all of it
        raise
