"""Draws a tree of functions as a flame graph: HTML in one file, without a script.

Each row is a level of calls, the outermost on top; a box is as wide as its share of the time. Its
looks are in templates/slipstream_profiling/flame.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from slipstream.profiling.places import is_yours, short
from slipstream.profiling.stacks import Frame, Function, totals

__all__ = ["drawn"]

TEMPLATES = Path(__file__).parent / "templates"
LEAST_SHARE = 0.003
"""Boxes narrower than this share of the whole can't be seen, let alone be pointed at."""
MOST_FUNCTIONS = 20
SITE = "the site"
REST = "other libraries"
KINDS = (
    ("psycopg", "database driver"),
    ("django/db/", "database layer"),
    ("django/template/", "templates"),
    ("jinja2/", "templates"),
)
LEGEND = (SITE, *dict.fromkeys(kind for _, kind in KINDS), REST)


@dataclass(frozen=True)
class Box:
    """left and width as shares of the whole."""

    left: float
    width: float
    function: Function
    frame: Frame


def drawn(page: str, requests: int, root: Frame) -> str:
    """The page. root: what all requests took, `requests` of them."""
    whole_ms = root.seconds * 1000
    largest = list(totals(root).items())[:MOST_FUNCTIONS]
    context = {
        "page": page,
        "requests": requests,
        "each_ms": whole_ms / requests,
        "legend": LEGEND,
        "levels": [[_shown(box, whole_ms / requests) for box in boxes] for boxes in _levels(root)],
        "largest": [
            {
                "place": _place(function),
                "share": 100 * seconds / root.seconds,
                "each_ms": seconds * 1000 / requests,
            }
            for function, seconds in largest
        ],
    }
    engine = Engine(dirs=[str(TEMPLATES)])
    return engine.get_template("slipstream_profiling/flame.html").render(Context(context))


def _levels(root: Frame) -> Iterator[list[Box]]:
    level = [Box(0.0, 1.0, Function("", "", 0), root)]
    while level := [box for above in level for box in _below(above, root.seconds)]:
        yield level


def _below(above: Box, whole: float) -> Iterator[Box]:
    left = above.left
    for function, frame in sorted(above.frame.below.items(), key=lambda pair: -pair[1].seconds):
        width = frame.seconds / whole
        if width >= LEAST_SHARE:
            yield Box(left, width, function, frame)
        left += width


def _shown(box: Box, whole_ms: float) -> dict[str, Any]:
    return {
        "name": box.function.name,
        "place": _place(box.function),
        # As text: a number would be written as the site's language writes it.
        "left": f"{100 * box.left:.3f}",
        "width": f"{100 * box.width:.3f}",
        "share": 100 * box.width,
        "each_ms": box.width * whole_ms,
        "kind": LEGEND.index(_kind(box.function.file)),
    }


def _place(function: Function) -> str:
    return f"{function.name} ({short(function.file)}:{function.line})"


def _kind(file: str) -> str:
    if Path(file).is_absolute() and is_yours(file):
        return SITE
    name = short(file)
    return next((kind for start, kind in KINDS if name.startswith(start)), REST)
