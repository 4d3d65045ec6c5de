"""Writing one secret file: complete or not at all, readable by its group alone.

What goes into it is decided in `contents`.
"""

import os
from collections.abc import Callable
from pathlib import Path

MODE = 0o440

Chown = Callable[[int, int, int], None]


def is_current(path: Path, text: str, gid: int) -> bool:
    """Whether the file holds this text, for this group, already."""
    if not path.is_file():
        return False
    status = path.stat()
    return (status.st_mode & 0o777, status.st_gid) == (MODE, gid) and path.read_text() == text


def write(path: Path, text: str, gid: int, *, chown: Chown = os.fchown) -> None:
    """Replace the file in one step: a kill at any point leaves the old one or the new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        chown(descriptor, 0, gid)
        os.fchmod(descriptor, MODE)
        os.fsync(descriptor)
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
