"""One process of a run: `python -m tests.cachalot.worker`, told by its environment."""

import json
import sys
from pathlib import Path

import django

from tests.cachalot.expected import EXCLUDED
from tests.cachalot.runner import MODULES, Runner, short_name


def main() -> None:
    """Write {"ran": count, "skipped": names, "failed": {name: traceback}} to the file named."""
    django.setup()
    Runner.excluded = frozenset(EXCLUDED)
    runner = Runner(verbosity=0, interactive=False)
    runner.run_tests([f"cachalot.tests.{module}" for module in MODULES])
    result = runner.result
    assert result is not None
    bad = [*result.failures, *result.errors]
    report = {
        "ran": result.testsRun,
        "skipped": sorted(short_name(test) for test, _ in result.skipped),
        "failed": {short_name(getattr(test, "test_case", test)): text for test, text in bad},
    }
    Path(sys.argv[1]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
