"""Command line: `python -m tests.shareable`.

Compiles every template of Django, Wagtail, django-oscar, django-allauth and Django REST framework, in
an environment that has them (`requirements/shareable.txt`), and fails where less than 99.8 % of
them can be shared.
"""

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.environment import python
from benchmarks.services import ROOT

LEAST = 0.998


def counted() -> dict[str, dict[str, Any]]:
    """By package: how many templates were compiled and shared, and why others weren't."""
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "services" / "web")])}
    command = [str(python("shareable")), "-W", "ignore", "-m", "tests.shareable.worker"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def main() -> int:
    packages = counted()
    for name, count in packages.items():
        print(f"{name}: {count['shared']} of {count['compiled']} shared")
        for kind in ("not shared", "changed", "not compiled"):
            for template, reason in count[kind].items():
                print(f"  {kind}: {template}: {reason}")
    compiled = sum(count["compiled"] for count in packages.values())
    shared = sum(count["shared"] for count in packages.values())
    print(f"all: {shared} of {compiled} shared, {shared / compiled:.2%}")
    changed = sum(len(count["changed"]) for count in packages.values())
    return 0 if shared >= LEAST * compiled and not changed else 1


if __name__ == "__main__":
    sys.exit(main())
