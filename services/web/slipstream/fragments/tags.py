"""`{% cached key… %}…{% endcached %}`: the library `fragments`, which any site may have.

`apply` lets templates load it as `fragments`. Without the app `slipstream.fragments` it renders
straight through.
"""

import re
from hashlib import blake2b
from typing import cast

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, TokenType
from django.template.loader_tags import BlockNode

from slipstream.fragments.switch import SWITCH

__all__ = ["CachedNode", "register"]

register = Library()
BEGIN, END = "cached", "endcached"

# What another engine may do by itself, so that nobody sees what it uses: tags, and filters.
OF_THE_ENGINE = frozenset({"block", "cycle", "include", "lorem", "now"})
FILTER_OF_THE_ENGINE = re.compile(r"\|\s*(random|timesince|timeuntil)\b")


class CachedNode(Node):
    """A fragment: `keys` are what it names, `digest` is of what is written between the tags.

    unseen: a tag or filter in it that can't be followed, where the engine isn't Django's.
    """

    def __init__(
        self, nodelist: NodeList, keys: list[FilterExpression], digest: str, unseen: str = ""
    ) -> None:
        self.nodelist = nodelist
        self.unseen = unseen
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
    written = _written(parser)
    keys = [parser.compile_filter(word) for word in words]
    nodelist = parser.parse((END,))
    parser.delete_first_token()
    unseen = "" if type(nodelist) is NodeList else _unseen(written)  # another engine has its own
    return CachedNode(nodelist, keys, _digest(written), unseen)


def _written(parser: Parser) -> list[Token]:
    """Return what is written up to the end tag."""
    depth = 1
    found: list[Token] = []
    tokens = cast("list[Token]", parser.tokens)  # the next one is the last
    for token in reversed(tokens):
        if token.token_type is TokenType.BLOCK:
            word = token.contents.split(maxsplit=1)[0]
            depth += (word == BEGIN) - (word == END)
            if depth == 0:
                break
        found.append(token)
    return found


def _digest(written: list[Token]) -> str:
    """Return a digest: another text is another fragment."""
    texts = (f"{one.token_type.name}{len(one.contents)}:{one.contents}" for one in written)
    return blake2b("".join(texts).encode(), digest_size=12).hexdigest()


def _unseen(written: list[Token]) -> str:
    for token in written:
        word = token.contents.split(maxsplit=1)[0] if token.contents.strip() else ""
        if token.token_type is TokenType.BLOCK and word in OF_THE_ENGINE:
            return word
        used = FILTER_OF_THE_ENGINE.search(token.contents)
        if used and token.token_type in (TokenType.BLOCK, TokenType.VAR):
            return used[1]
    return ""
