"""`review.json` of a run's folder, which is also `review` in result.json:

pages    by page: {path, requests, statements, todo, elsewhere}, as `slipstream/profiling/pages.py`
         of the site says it; null until they are known
flames   by cell, by page: {file, requests, ms}; file: relative to the run's folder; ms per request
failed   why something is missing, or ''
seconds  how long it took
done     nothing is missing
"""

import json
import re
from pathlib import Path
from typing import Any

from loadtest import atomic
from loadtest.errors import StoreError

__all__ = ("flame_file", "is_due", "nothing", "read", "todos", "write")

NAME = "review.json"


def nothing() -> dict[str, Any]:
    """What there is before anything is done."""
    return {"pages": None, "flames": {}, "failed": "", "seconds": 0.0, "done": False}


def read(folder: Path) -> dict[str, Any]:
    """What there is of it; {} where the run wasn't reviewed."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"can't read {str(path)!r}: {error}") from None
    return nothing() | content


def is_due(folder: Path) -> bool:
    """Whether it was interrupted, or never begun; what failed is not tried again unasked."""
    content = read(folder)
    return not content or not (content["done"] or content["failed"])


def write(folder: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    atomic.write_json(folder / NAME, content)


def flame_file(cell: str, page: str) -> str:
    """Where a page's flame graph is kept, relative to the run's folder."""
    return f"profiles/{cell}/{re.sub(r'[^A-Za-z0-9_-]+', '-', page).strip('-') or 'page'}.html"


def todos(content: dict[str, Any]) -> int:
    """How many things there are to do on all pages."""
    return sum(len(page["todo"]) for page in (content.get("pages") or {}).values())
