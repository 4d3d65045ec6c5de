"""Writers and readers race on real servers while writers are killed and the cache loses items.

Under a minute per server; `make test-races` makes a million reads and kills at every step.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICK = {
    "--seconds": 20,
    "--readers": 2,
    "--writers": 2,
    "--calm-seconds": 2,
    "--faults": "kill,evict,restart",
    "--kills": 6,
    "--rows": 10,
    "--reads-per-write": 150,
}


def raced(store: str, folder: Path, library: str = "slipstream", **more: Any) -> dict[str, Any]:
    """What `python -m tests.races` found; its output is shown where the test fails."""
    figures = folder / "figures.json"
    options = QUICK | {"--store": store, "--library": library, "--json": figures} | more
    words = [str(word) for option in options.items() for word in option]
    done = subprocess.run(
        [sys.executable, "-m", "tests.races", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    print(done.stdout)
    assert figures.exists(), "the race did not come to its end"
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    assert done.returncode == bool(found["problems"])
    return found


@pytest.mark.parametrize("store", ["memcached", "redis"])
def test_no_read_is_stale_and_none_goes_back_whatever_happens(store: str, tmp_path: Path) -> None:
    run = raced(store, tmp_path)

    assert run["problems"] == []
    found = run["found"]
    assert min(found["faults"][fault] for fault in ("kill", "evict", "restart")) > 0
    assert found["counters"]["hits"] > 0
    assert found["counters"]["writes"] > 0
