"""`{% cached key, … %}…{% endcached %}` for Jinja2: an extension that any environment may have.

Jinja2 looks values up before it renders a block, so what the fragment uses is read from its text.
Without the app `slipstream.fragments` it renders straight through.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from jinja2 import Undefined, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

from slipstream.fragments.switch import SWITCH

__all__ = ["CachedExtension"]

END = "name:endcached"
BLIND = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Block)


class CachedExtension(Extension):
    """Adds the tag."""

    tags = frozenset({"cached"})  # type: ignore[assignment]
    priority = 200  # after a site's own of that name, which renders straight through

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the tag: a call of `_cached`, with what is between the tags as its caller."""
        line = next(parser.stream).lineno
        keys = list(_keys(parser))
        if not keys:
            parser.fail("'cached' names nothing: give what the fragment depends on", line)
        body = parser.parse_statements((END,), drop_needle=True)
        free = sorted(self._free(body))
        told = {
            "digest": blake2b(repr(body).encode(), digest_size=12).hexdigest(),
            "label": keys[0].value if isinstance(keys[0], nodes.Const) else "(unnamed)",
            "expressions": tuple(_dotted(key) or f"#{at}" for at, key in enumerate(keys)),
            "used": tuple((name, tuple(sorted(_paths(body, name)))) for name in free),
            "filters": tuple(sorted({one.name for one in _found(body, nodes.Filter)})),
            "blind": any(_found(body, BLIND)),
        }
        values = [nodes.Name(name, "load") for name in free]
        used = nodes.List(values)
        used.slipstream_values = True  # type: ignore[attr-defined] # of one around, no use of them
        call = self.call_method(
            "_cached",
            [
                nodes.Const(tuple(told.items())),
                nodes.List(keys),
                used,
                nodes.ContextReference(),
            ],
        )
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _free(self, body: list[nodes.Node]) -> set[str]:
        template = nodes.Template(body, lineno=1)
        environment = self.environment.overlay()
        environment.globals = {}  # a value of the context may have the name of a global
        template.set_environment(environment)
        return meta.find_undeclared_variables(template)

    def _cached(
        self,
        told: Iterable[tuple[str, Any]],
        keys: list[Any],
        values: list[Any],
        context: Context,
        caller: Callable[[], str],
    ) -> str:
        if not SWITCH.on:
            return caller()
        from slipstream.fragments.jinja2_rendering import Written, render  # noqa: PLC0415

        written = Written(**dict(told))
        named = dict(zip((name for name, _paths in written.used), values, strict=True))
        globals_: Mapping[str, Any] = self.environment.globals
        own = {
            name: value
            for name, value in named.items()
            if not isinstance(value, Undefined) and globals_.get(name, self) is not value
        }
        html = render(written, keys, own, context, caller)
        return Markup(html) if context.eval_ctx.autoescape else html  # noqa: S704 - as it was made


def _found(body: list[nodes.Node], kinds: Any) -> Iterator[Any]:
    return nodes.Template(body, lineno=1).find_all(kinds)


def _keys(parser: Parser) -> Iterator[nodes.Expr]:
    while parser.stream.current.type != "block_end":
        yield parser.parse_expression()
        parser.stream.skip_if("comma")


def _dotted(node: nodes.Node) -> str:
    """Return 'user.pk' for such an expression; '' for any other."""
    if isinstance(node, nodes.Name):
        return node.name
    step = _step(node)
    outer = _dotted(node.node) if step and isinstance(node, nodes.Getattr | nodes.Getitem) else ""
    return f"{outer}.{step}" if outer else ""


def _step(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return ""


def _paths(body: list[nodes.Node], name: str) -> set[str]:
    """Return what of a name is used: '' for all of it."""
    return {path for node in body for path in _paths_in(node, name)}


def _paths_in(node: nodes.Node, name: str) -> Iterator[str]:
    if hasattr(node, "slipstream_values"):
        return
    root, _, rest = _dotted(node).partition(".")
    if root == name:
        yield rest
    elif not root:
        for child in node.iter_child_nodes():
            yield from _paths_in(child, name)
