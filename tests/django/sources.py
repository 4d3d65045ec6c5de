"""Django's source distribution, which carries its tests: fetched by hash, unpacked below .cache."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
PINNED = re.compile(r"^django==(?P<version>\S+) \\\n(?:    --hash=\S+(?: \\)?\n)+", re.MULTILINE)


def requirement(series: str) -> tuple[str, str]:
    """The version and the requirement, with its hashes, that the lock file of `series` states."""
    path = ROOT / f"services/web/requirements/django-{series}.txt"
    found = PINNED.search(path.read_text())
    if found is None:
        raise SystemExit(
            f"error: no 'django==VERSION' with hashes in {str(path)!r}: run `make lock`"
        )
    return found["version"], found[0]


def sources(series: str) -> Path:
    """The folder of the unpacked source distribution; fetches it where it isn't there."""
    version, text = requirement(series)
    folder = CACHE / f"django-{version}"
    if not (folder / "tests" / "runtests.py").exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            _fetch(version, text, Path(work)).rename(folder)
    return folder


def _fetch(version: str, text: str, work: Path) -> Path:
    print(f"test-django: fetching the sources of Django {version}", flush=True)
    (work / "requirements.txt").write_text(text)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-binary", "django", "--require-hashes"),
            "--ignore-requires-python",  # only unpacked here; the image's Python runs it
            *("--requirement", "requirements.txt", "--dest", "."),
        ],
        cwd=work,
        check=True,
    )
    archive = work / f"django-{version}.tar.gz"
    subprocess.run(["tar", "-xzf", archive.name], cwd=work, check=True)
    return work / f"django-{version}"
