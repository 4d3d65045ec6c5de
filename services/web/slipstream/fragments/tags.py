"""`{% cached key… %}…{% endcached %}`: the library `fragments`, which any site may have.

`apply` lets templates load it as `fragments`. Without the app `slipstream.fragments` it renders
straight through.
"""

from hashlib import blake2b
from typing import cast

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, TokenType
from django.template.loader_tags import BlockNode

from slipstream.fragments.switch import SWITCH

__all__ = ["CachedNode", "register"]

register = Library()
BEGIN, END = "cached", "endcached"


class CachedNode(Node):
    """A fragment: `keys` are what it names, `digest` is of what is written between the tags."""

    def __init__(self, nodelist: NodeList, keys: list[FilterExpression], digest: str) -> None:
        self.nodelist = nodelist
        self.keys = keys
        self.digest = digest
        self.expressions = [key.token for key in keys if not key.filters]
        self.has_blocks = bool(nodelist.get_nodes_by_type(BlockNode))
        first = keys[0]
        self.label = first.var if isinstance(first.var, str) else first.token

    def render(self, context: Context) -> str:
        """Return the fragment, from the cache where it is on and the fragment can be shared."""
        if not SWITCH.on:
            return self.nodelist.render(context)
        from slipstream.fragments.rendering import render  # noqa: PLC0415 - needs the apps

        return render(self, context)


@register.tag(BEGIN)
def cached(parser: Parser, token: Token) -> CachedNode:
    """Read the tag."""
    words = token.split_contents()[1:]
    if not words:
        raise TemplateSyntaxError(
            "'cached' names nothing: give what the fragment depends on, a name for it first"
        )
    digest = _digest(parser)
    keys = [parser.compile_filter(word) for word in words]
    nodelist = parser.parse((END,))
    parser.delete_first_token()
    return CachedNode(nodelist, keys, digest)


def _digest(parser: Parser) -> str:
    """Return the digest of what is written up to the end tag: another text is another fragment."""
    depth = 1
    texts: list[str] = []
    tokens = cast("list[Token]", parser.tokens)  # the next one is the last
    for token in reversed(tokens):
        if token.token_type is TokenType.BLOCK:
            word = token.contents.split(maxsplit=1)[0]
            depth += (word == BEGIN) - (word == END)
            if depth == 0:
                break
        texts.append(f"{token.token_type.name}{len(token.contents)}:{token.contents}")
    return blake2b("".join(texts).encode(), digest_size=12).hexdigest()
