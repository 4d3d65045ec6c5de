"""One process of the suite: `python -m tests.django.worker`, told by its environment (plan.py)."""

import atexit
import importlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.django.plan import Plan
from tests.django.recorder import Recorder


def use_temporary_folder() -> None:
    """Django's tests write below TMPDIR; its runtests.py makes it in `__main__` only."""
    folder = tempfile.mkdtemp(prefix="django_")
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def run_django_tests(runtests: Any, packages: tuple[str, ...]) -> None:
    runtests.django_tests(
        verbosity=0,
        interactive=False,
        failfast=False,
        keepdb=False,
        reverse=False,
        test_labels=list(packages),
        debug_sql=False,
        parallel=1,
        tags=[],
        exclude_tags=["selenium"],
        test_name_patterns=None,
        start_at=None,
        start_after=None,
        pdb=False,
        buffer=False,
        timing=False,
        shuffle=False,
    )


def use_our_sessions(runtests: Any) -> None:
    """The middleware under the name of Django's, which its tests import and put into MIDDLEWARE."""
    runtests.ALWAYS_INSTALLED_APPS.append("sessions_tests")  # session_suite.py uses its models
    djangos = importlib.import_module("django.contrib.sessions.middleware")
    ours = importlib.import_module("slipstream.sessions.middleware")
    djangos.SessionMiddleware = ours.SessionMiddleware  # type: ignore[attr-defined]


def main() -> None:
    plan = Plan.from_environment()
    use_temporary_folder()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django.settings"
    sys.path.insert(0, str(Path(plan.sources) / "tests"))
    runtests = importlib.import_module("runtests")
    report: dict[str, Any] = {"number": plan.number, "packages": plan.packages}
    if plan.mode.cached:
        under_test = importlib.import_module("tests.django.under_test")
        under_test.install(runtests, plan.mode)
    if plan.mode.sessions:
        use_our_sessions(runtests)
    if plan.mode.round_trip:
        round_trip = importlib.import_module("tests.django.round_trip")
        round_trip.install()
    run_django_tests(runtests, plan.packages)
    report["tests"] = Recorder.report()
    if plan.mode.cached:
        report["statistics"] = under_test.statistics()
    if plan.mode.round_trip:
        report["statistics"] = dict(round_trip.counts)
    Path(plan.output).write_text(json.dumps(report))


if __name__ == "__main__":
    main()
