"""How a Jinja2 template's fragment is asked for; what it uses is admitted before it is rendered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from jinja2.runtime import Context

from slipstream.fragments.admission import Admission, paths_of
from slipstream.fragments.cache import Asked, current_fragments
from slipstream.fragments.instruments import NOTED
from slipstream.fragments.rendering import identities, named_identities, things_named
from slipstream.fragments.surroundings import surroundings
from slipstream.fragments.work import Work
from slipstream.querycache.keys import typed

__all__ = ["Written", "render"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is known of a fragment from its text.

    used: by the name of a value, what of it the fragment uses. filters: their names. blind: it
    includes or imports templates, which see the context, or has blocks that others fill.
    """

    digest: str
    label: str
    expressions: Sequence[str]
    used: Sequence[tuple[str, Sequence[str]]]
    filters: Sequence[str]
    blind: bool


def render(
    written: Written,
    keys: Sequence[Any],
    values: Mapping[str, Any],
    context: Context,
    caller: Callable[[], str],
) -> str:
    """Return the fragment. Raises FragmentError for what its key doesn't name, where strict."""
    fragments = current_fragments()
    request = context.get("request")
    named, unusable = named_identities(written.expressions, keys)
    base = "".join(
        [
            typed("jinja2", written.digest),
            surroundings(request, fragments.settings.VERSION),
            repr(bool(context.eval_ctx.autoescape)),
            named,
        ]
    )

    def body(work: Work) -> bytes:
        if written.blind:
            work.refuse("a template or block in it that sees every value", "put it outside")
        for name in (*written.filters, *(name for name, _ in written.used if name not in values)):
            if name in NOTED:
                work.refuse(*NOTED[name])
        admission = Admission(work, paths_of(written.expressions), request)
        for name, paths in written.used:
            if name in values:
                admission.use(name, values[name], paths)
        return str(caller()).encode("utf-8", "surrogatepass")

    asked = Asked(
        label=written.label,
        base=base,
        identify=lambda names: identities(values, names),
        render=body,
        named=things_named(keys),
        unusable=unusable,
        shown=_text,
    )
    return cast("str", fragments.serve(asked))


def _text(utf8: bytes) -> str:
    return utf8.decode("utf-8", "surrogatepass")
