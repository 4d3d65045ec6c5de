"""Where in the site's code something happens: file and line, of its Python and of its templates.

Reads the stack; knows nothing of queries.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

__all__ = ["Place", "here", "is_yours", "short"]

OWN = str(Path(__file__).resolve().parent)
SLIPSTREAM = str(Path(__file__).resolve().parent.parent)
LIBRARIES = tuple(
    sorted({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
)
CARRIERS = (
    *("django/core/", "django/db/", "django/dispatch/", "django/forms/", "django/http/"),
    *("django/shortcuts.py", "django/template/", "django/utils/", "django/views/"),
    *("asgiref/", "debug_toolbar/", "jinja2/", "rest_framework/", "zeal/"),
)
"""Libraries that carry out their caller's query; others made their own, as sessions do."""
WHERE_REQUESTS_COME_IN = "middleware.py"


@dataclass(frozen=True, order=True, kw_only=True)
class Place:
    """A line; `file` is relative to the folder on Python's path that it is found by.

    yours: it is the site's own code, not a library's.
    """

    file: str
    line: int
    yours: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def here() -> tuple[Place, ...]:
    """The innermost line of the site that we are called from.

    Where it is a template's, the line of Python that renders it comes after it. Before them comes
    the line of a library that made the query itself, where there is one. Empty if nobody is known.
    """
    library: Place | None = None
    template: Place | None = None
    python: Place | None = None
    for frame in _frames():
        template = template or _in_template(frame)
        file = frame.f_code.co_filename
        if not file.startswith(os.sep) or _is_jinja2(frame):
            continue
        if is_yours(file):
            python = Place(file=short(file), line=frame.f_lineno)
            break
        if library is None and template is None:
            library = _maker(file, frame.f_lineno)
    return tuple(place for place in (library, template, python) if place is not None)


def _frames() -> Iterator[FrameType]:
    """From the inside outwards, up to where the request came in."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        folder, _, name = frame.f_code.co_filename.rpartition(os.sep)
        if folder == OWN and name == WHERE_REQUESTS_COME_IN:
            return
        yield frame
        frame = frame.f_back


def _in_template(frame: FrameType) -> Place | None:
    """The line of a template of the site that this frame renders."""
    if _is_jinja2(frame):
        compiled = frame.f_globals["__jinja_template__"]
        name, line = str(compiled.filename), compiled.get_corresponding_lineno(frame.f_lineno)
    elif frame.f_code.co_name == "render_annotated" and "self" in frame.f_locals:
        node = frame.f_locals["self"]
        name, line = _name_and_line(node)
    else:
        return None
    if not name.startswith(os.sep) or not is_yours(name):
        return None
    return Place(file=short(name), line=line)


def _name_and_line(node: object) -> tuple[str, int]:
    origin, token = getattr(node, "origin", None), getattr(node, "token", None)
    return str(getattr(origin, "name", "")), int(getattr(token, "lineno", 0) or 0)


def _is_jinja2(frame: FrameType) -> bool:
    return "__jinja_template__" in frame.f_globals


@lru_cache(maxsize=4096)
def is_yours(file: str) -> bool:
    """Whether a file is neither Python's, nor a package's, nor Slipstream's."""
    inside = (*LIBRARIES, SLIPSTREAM, *_site_packages())
    return not any(file.startswith(folder + os.sep) for folder in inside)


@lru_cache(maxsize=1)
def _site_packages() -> tuple[str, ...]:
    """Where libraries are, if they aren't where Python says: a system's `dist-packages`."""
    return tuple(one for one in sys.path if one.endswith(("site-packages", "dist-packages")))


def _maker(file: str, line: int) -> Place | None:
    name = short(file)
    library = any(file.startswith(folder + os.sep) for folder in _site_packages())
    if not library or name.startswith(CARRIERS):
        return None
    return Place(file=name, line=line, yours=False)


@lru_cache(maxsize=4096)
def short(file: str) -> str:
    """A file relative to the deepest folder on Python's path that it lies in."""
    folders = [os.path.abspath(one) for one in sys.path]  # noqa: PTH100 - keeps symbolic links
    above = [one for one in folders if file.startswith(one.rstrip(os.sep) + os.sep)]
    return os.path.relpath(file, max(above, key=len)) if above else file
