"""The one-shot service: bring the volume of secrets up to date and say, file by file, how.

Never prints a secret. `ROTATE=1` renews what was not given.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from .contents import contents
from .errors import RefusedError
from .files import Chown, is_current, write
from .given import read_current, read_given
from .table import GIVEN, GROUPS, SECRETS


def main() -> int:
    """Exit status: 0, or 1 with one line that says what to change."""
    try:
        rotate = _rotate(os.environ.get("ROTATE", ""))
        update(Path(SECRETS), Path(GIVEN), rotate=rotate)
    except RefusedError as error:
        print(f"secrets: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"secrets: can't write {error.filename!r}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def update(
    folder: Path,
    given: Path,
    *,
    rotate: bool = False,
    chown: Chown = os.fchown,
    say: Callable[[str], None] = print,
) -> None:
    """Write what is missing or changed; a second run with the same input changes nothing.

    Nothing is written before everything was read and accepted.
    """
    made = contents(read_current(folder), read_given(given), rotate=rotate)
    folder.chmod(0o711)  # readers open files by name and need no list
    for name, secret in made.items():
        if not is_current(folder / name, secret.text, GROUPS[name]):
            write(folder / name, secret.text, GROUPS[name], chown=chown)
        say(f"{secret.origin} {name}")


def _rotate(value: str) -> bool:
    if value not in {"", "0", "1"}:
        raise RefusedError(
            f"""ROTATE is {value!r}: it renews every generated secret, so only a plain yes
            counts; set it to 1, or leave it out"""
        )
    return value == "1"


if __name__ == "__main__":
    sys.exit(main())
