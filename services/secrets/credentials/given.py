"""Reading secret files, and refusing what a login somewhere would choke on.

Both for the files that a team gives and for those that exist already.
"""

import difflib
import re
from pathlib import Path

from .errors import RefusedError
from .table import GIVABLE, GROUPS

MAX_CHARACTERS = 1024
_UNPRINTABLE = re.compile(r"[^ -~]")


def read_given(folder: Path) -> dict[str, str]:
    """A team's own values by file name; README and names that begin with a dot are left alone."""
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "README")))
    for path in files:
        _check_name(path.name)
    return {path.name: _usable(path) for path in files}


def read_current(folder: Path) -> dict[str, str]:
    """What earlier runs wrote, by file name."""
    paths = ((name, folder / name) for name in GROUPS)
    return {
        name: _usable(path) if name in GIVABLE else _text(path)
        for name, path in paths
        if path.exists()
    }


def _check_name(name: str) -> None:
    if name in GIVABLE:
        return
    near = difflib.get_close_matches(name, GIVABLE, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"it may be one of {', '.join(GIVABLE)}"
    raise RefusedError(f"unknown file {name!r} in the folder of given secrets: {remedy}")


def _usable(path: Path) -> str:
    text = _text(path).removesuffix("\n")
    if not text:
        raise RefusedError(
            f"""secret {path.name!r} is empty: nobody could log in with it;
            write a value into the file, or remove the file to have one generated"""
        )
    if len(text) > MAX_CHARACTERS:
        raise RefusedError(
            f"""secret {path.name!r} has {len(text)!r} characters: some logins cut off what is
            longer than {MAX_CHARACTERS}; give a shorter one"""
        )
    if found := _UNPRINTABLE.search(text):
        raise RefusedError(
            f"""secret {path.name!r} has a character that is not printable ASCII at position
            {found.start() + 1!r}: clients normalize such characters in different ways; use
            letters, digits, punctuation and spaces, in one line that ends with a line feed
            or nothing"""
        )
    return text


def _text(path: Path) -> str:
    # latin-1 reads any byte, so that the check above can say where the bad one is.
    try:
        return path.read_bytes().decode("latin-1")
    except OSError as error:
        raise RefusedError(
            f"""secret {path.name!r} can't be read ({error.strerror!r}): a given secret must be
            a regular file, not a folder or a link that leads out of its folder; replace it"""
        ) from error
