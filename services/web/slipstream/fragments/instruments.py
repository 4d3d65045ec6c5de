"""Where Django asks for what no value says: the clock, chance, a loop's turns, a text's language.

A fragment that does so is refused, unless its key names the language.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.template import defaultfilters
from django.template.defaulttags import CycleNode, LoremNode, NowNode
from django.utils import timezone, translation

from slipstream.fragments.guard import Guard
from slipstream.fragments.work import note
from slipstream.patches import Patches, Place

__all__ = ["NOTED", "install", "uninstall"]

CLOCK = "the clock", "put the time into the view's context, and its name into the tag"
CHANCE = "chance", "draw in the view, and name what was drawn"
LOOP = "the turns of a loop around it", "put the whole loop between the tags"
LANGUAGE = "the language", "add LANGUAGE_CODE to the tag"

NOTED = {
    "timesince": CLOCK,
    "timeuntil": CLOCK,
    "naturaltime": CLOCK,
    "naturalday": CLOCK,
    "random": CHANCE,
    "lipsum": CHANCE,
}
"""By the name of a filter, or of a function of Jinja2's own, what it asks for."""

TRANSLATING = ("gettext", "ngettext", "pgettext", "npgettext")

Function = Callable[..., Any]


def _noting(what: tuple[str, str]) -> Callable[[Function], Function]:
    def wrap(original: Function) -> Function:
        @functools.wraps(original)
        def noted(*args: Any, **options: Any) -> Any:
            note(*what)
            return original(*args, **options)

        return noted

    return wrap


def _turning(original: Function) -> Function:
    """What `cycle` says next counts on each turn before, which a hit leaves out."""

    @functools.wraps(original)
    def noted(node: CycleNode, context: Any) -> Any:
        if any(isinstance(layer, Guard) and "forloop" in layer for layer in context.dicts):
            note(*LOOP)
        return original(node, context)

    return noted


def _places() -> Iterator[Place]:
    yield NowNode, "render", _noting(CLOCK)
    yield CycleNode, "render", _turning
    yield LoremNode, "render", _noting(CHANCE)  # its usual words end with the first paragraph
    module: Any = timezone
    yield module, "now", _noting(CLOCK)
    if settings.USE_I18N:
        translator: Any = translation._trans  # type: ignore[attr-defined]
        yield from ((translator, name, _noting(LANGUAGE)) for name in TRANSLATING)


_patches: list[Patches] = []
_filters: list[tuple[dict[str, Function], str, Function]] = []


def install() -> None:
    """Put them in, once per process, before templates are compiled."""
    if _patches:
        return
    _patches.append(Patches(tuple(_places())))
    _patches[0].install()
    for filters in _registers():
        for name in filters.keys() & NOTED.keys():
            _filters.append((filters, name, filters[name]))
            filters[name] = _noting(NOTED[name])(filters[name])


def uninstall() -> None:
    """Take them out again: for tests."""
    while _patches:
        _patches.pop().uninstall()
    while _filters:
        filters, name, original = _filters.pop()
        filters[name] = original


def _registers() -> Iterator[dict[str, Function]]:
    yield defaultfilters.register.filters
    with suppress(ImportError):
        from django.contrib.humanize.templatetags import humanize  # noqa: PLC0415 - optional

        yield humanize.register.filters
