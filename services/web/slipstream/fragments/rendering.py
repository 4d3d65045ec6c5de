"""How a Django template's fragment is asked for: its key, its guard, and the text as bytes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.template import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from slipstream.fragments.admission import Admission, paths_of
from slipstream.fragments.cache import Asked, current_fragments
from slipstream.fragments.errors import Unidentifiable
from slipstream.fragments.guard import guarded
from slipstream.fragments.identities import identity_of
from slipstream.fragments.surroundings import surroundings
from slipstream.fragments.work import Work
from slipstream.querycache.keys import typed

if TYPE_CHECKING:
    from slipstream.fragments.tags import CachedNode

__all__ = ["LANGUAGE", "identities", "named_identities", "render", "things_named"]

LANGUAGE = "the language"
OUTSIDE = "leave it outside of the fragment, or render the template by Django's engine"


def render(node: "CachedNode", context: Context) -> SafeString:
    """Return the fragment. Raises FragmentError for what its key doesn't name, where strict."""
    fragments = current_fragments()
    request = getattr(context, "request", None)
    values = [key.resolve(context, ignore_failures=True) for key in node.keys]
    named, unusable = named_identities([key.token for key in node.keys], values)
    base = "".join(
        [
            typed("django", node.digest),
            surroundings(request, fragments.settings.VERSION),
            repr((context.autoescape, context.use_l10n, context.use_tz)),
            _blocks(node, context),
            named,
        ]
    )

    def body(work: Work) -> bytes:
        if node.unseen:
            work.refuse(f"{node.unseen!r}, which is this engine's own", OUTSIDE)
        admission = Admission(work, paths_of(node.expressions), request)
        with guarded(context, admission, request):
            return node.nodelist.render(context).encode("utf-8", "surrogatepass")

    asked = Asked(
        label=node.label,
        base=base,
        identify=lambda names: identities(context, names),
        render=body,
        named=things_named(values),
        unusable=unusable,
        shown=_text,
    )
    return cast("SafeString", fragments.serve(asked))


def _text(utf8: bytes) -> SafeString:
    return mark_safe(utf8.decode("utf-8", "surrogatepass"))  # noqa: S308 - as it was rendered


def named_identities(names: Sequence[str], values: Sequence[Any]) -> tuple[str, str]:
    """Return what tells named values from others; where nothing does, '' and the reason."""
    texts = []
    for name, value in zip(names, values, strict=True):
        try:
            texts.append(identity_of(value).text)
        except Unidentifiable as what:
            remedy = f"name what the fragment shows of it, as {name}.pk"
            return "", f"the key {name!r} can't name {what}: {remedy}"
    return "".join(texts), ""


def identities(context: Mapping[str, Any] | Context, names: Sequence[str]) -> dict[str, str] | None:
    """Return the identities of values that became part of the key; None where one has none."""
    found = {}
    for name in names:
        try:
            found[name] = identity_of(context[name]).text if name in context else "-"
        except Unidentifiable:
            return None
    return found


def things_named(values: Sequence[Any]) -> frozenset[str]:
    """Return what the values name besides themselves: the language by its code."""
    language = get_language()
    said = any(isinstance(value, str) and value == language for value in values)
    return frozenset({LANGUAGE}) if said else frozenset()


def _blocks(node: "CachedNode", context: Context) -> str:
    """Where blocks are in it, templates that extend this one fill them: each has its own."""
    template = context.template
    return typed("", str(template.origin)) if node.has_blocks and template is not None else ""
