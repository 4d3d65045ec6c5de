"""django-cachalot's source distribution, which carries its tests: fetched by hash, below .cache."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.services import ROOT

CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements" / "bench.txt"
PINNED = re.compile(
    r"^django-cachalot==(?P<version>\S+) \\\n(?:    --hash=\S+(?: \\)?\n)+", re.MULTILINE
)


def sources() -> Path:
    """The folder of the unpacked distribution; fetches it where it isn't there."""
    found = PINNED.search(LOCK.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"error: no 'django-cachalot==VERSION' with hashes in {str(LOCK)!r}")
    name = f"django_cachalot-{found['version']}"
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            _fetch(found[0], name, Path(work))
            (Path(work) / name).rename(folder)
    return folder


def _fetch(requirement: str, name: str, work: Path) -> None:
    (work / "requirements.txt").write_text(requirement, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest", "."]
    subprocess.run([*pip, *options, "--requirement", "requirements.txt"], cwd=work, check=True)
    subprocess.run(["tar", "-xzf", f"{name}.tar.gz"], cwd=work, check=True)
