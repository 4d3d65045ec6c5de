"""The command line as a user meets it: help, one-line errors, exit codes."""

import subprocess
import sys

import pytest

from loadtest.options import OPTIONS
from loadtest.paths import ROOT


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtest", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_help_lists_every_option_and_its_variable() -> None:
    text = lab("run", "--help").stdout
    for option in OPTIONS:
        assert option.flag in text
        assert option.env in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--blocks", "1"), "error: BLOCKS=1 is out of range"),
        (("run", "--bloks", "3"), "error: No such option '--bloks'"),
        (("run", "--only", "pgbuncer"), "error: unknown cell 'pgbuncer' in ONLY: did you mean"),
        (("table", "none", "--results", "/none"), "error: no run 'none' in '/none'"),
        (("compare", "none", "no", "--results", "/none"), "error: no run 'none' in '/none'"),
    ],
)
def test_mistake_is_one_line_and_exit_code_two(arguments: tuple[str, ...], said: str) -> None:
    done = lab(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
