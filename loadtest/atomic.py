"""Files that are either whole or not there: written beside their place, synced, then renamed.

Which files a run consists of is in `store.py`.
"""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from loadtest.errors import StoreError

__all__ = ("write", "write_json")


def write(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Create or replace `path` with what `fill` writes; a crash leaves the old file or none.

    Raises StoreError, in one line, when the disk is full or the folder can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(_reason(path, error)) from None


def write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    write(path, lambda file: file.write(text.encode()))


def _sync_folder(folder: Path) -> None:
    """The rename itself survives a power cut only once the folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full while writing {str(path)!r}: free some space, then go on with RESUME=1"
    return f"can't write {str(path)!r}: {error.strerror or error}"
