"""Command line: `python -m benchmarks.templates [--workers 4] [--rounds 5]`.

For each level, with and without preload: the memory of each of the workers (PSS: what they share is
divided by the number that have it), and what loading the site's templates takes at its boot. Rounds
take turns; the table shows medians, with the smallest and the largest.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from statistics import median

from benchmarks import services
from benchmarks.services import ROOT

KEY = ROOT / "LICENSE"
"""Any text will do for a secret key that keeps nothing secret."""
LEVELS = ("", "cached-templates", "shared-templates")
NAMES = {"": "compiled at every render"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.templates", description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def measured(active: str, workers: int, memcached: services.Server) -> dict[str, list[float]]:
    """What the workers of one server report, once each; the cache has been filled before."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "slipstream.overlay",
        "SLIPSTREAM_SETTINGS": "campus.settings",
        "SLIPSTREAM_BASELINE": "story",
        "SLIPSTREAM_ACTIVE": active,
        "SLIPSTREAM_TEMPLATES_LOCATION": memcached.url,
        "CAMPUS_DEBUG": "0",
        "CAMPUS_SECRET_KEY_FILE": str(KEY),
        "CAMPUS_ALLOWED_HOSTS": "*",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "services" / "web")]),
    }
    command = [sys.executable, "-m", "benchmarks.templates.server", str(workers)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, list[float]] = defaultdict(list)
    for line in done.stdout.splitlines():
        for name, value in json.loads(line).items():
            found[name].append(value)
    return found


def shown(values: list[float], scale: float) -> str:
    low, high = (each(values) * scale for each in (min, max))
    return f"{median(values) * scale:7.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    options = arguments()
    sets = [(level, preload) for preload in ("", "preload") for level in LEVELS]
    rounds: dict[tuple[str, str], list[dict[str, list[float]]]] = defaultdict(list)
    with services.memcached() as memcached:
        for _ in range(options.rounds + 1):
            for level, preload in sets:
                active = ",".join(filter(None, (level, preload)))
                rounds[level, preload].append(measured(active, options.workers, memcached))
    print(f"{options.workers} workers, {options.rounds} rounds: median [smallest, largest]")
    print(f"{'':36}{'PSS per worker, MiB':32}{'templates at boot, ms':32}")
    for level, preload in sets:
        taken = rounds[level, preload][1:]  # the first one fills the cache
        memory = [sum(one["pss_bytes"]) / len(one["pss_bytes"]) for one in taken]
        boot = [median(one["boot_seconds"]) for one in taken]
        name = " + ".join(filter(None, (NAMES.get(level, level), preload)))
        print(f"{name:36}{shown(memory, 2**-20):32}{shown(boot, 1e3):32}")


if __name__ == "__main__":
    main()
