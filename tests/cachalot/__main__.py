"""Command line: `python -m tests.cachalot [sqlite] [postgresql]`.

Runs those of django-cachalot's tests that aren't about its own interface. Its package is replaced
by `shim/`, which answers what the tests ask of it from the query cache.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import services
from tests.cachalot.expected import BY_DESIGN
from tests.cachalot.sources import ROOT, sources

DATABASES = ("sqlite", "postgresql")


@contextmanager
def server(database: str) -> Iterator[dict[str, Any] | None]:
    """What DATABASES says of a PostgreSQL server that runs meanwhile; None for SQLite."""
    if database == "sqlite":
        yield None
        return
    with services.postgres() as made:
        place = {"HOST": made.host, "PORT": made.port, "USER": made.user}
        yield place | {"PASSWORD": made.password, "NAME": "cachalot"}


def run(database: str) -> dict[str, Any]:
    """Return the report of one process."""
    folder = sources()
    path = [ROOT / "tests" / "cachalot" / "shim", ROOT, ROOT / "services" / "web"]
    with server(database) as place, tempfile.TemporaryDirectory() as work:
        output = Path(work) / "report.json"
        environment = {
            "CACHALOT_SOURCES": str(folder),
            "CACHALOT_POSTGRES": json.dumps(place),
            "DJANGO_SETTINGS_MODULE": "tests.cachalot.settings",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
        }
        subprocess.run(
            [sys.executable, "-P", "-m", "tests.cachalot.worker", str(output)],
            cwd=folder,  # where its fixtures are; -P: its own package must not be found there
            env={**os.environ, **environment},
            check=True,
        )
        report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return report


def judge(database: str, report: dict[str, Any]) -> bool:
    """Print what came of it; say whether nothing failed but what is named."""
    failed = report["failed"]
    surprises = sorted(set(failed) - set(BY_DESIGN))
    for name in surprises:
        print(f"{database}: FAILED {name}\n{failed[name]}")
    print(
        f"{database}: {report['ran']} ran, {len(report['skipped'])} skipped by themselves, "
        f"{len(failed) - len(surprises)} fail by design, {len(surprises)} failed"
    )
    return not surprises


def main() -> int:
    unknown = sorted(set(sys.argv[1:]) - set(DATABASES))
    if unknown:
        raise SystemExit(f"error: unknown database {unknown[0]!r}: sqlite and postgresql are known")
    fine = [judge(name, run(name)) for name in sys.argv[1:] or DATABASES]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
