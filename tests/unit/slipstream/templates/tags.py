"""A tag library whose nodes are awkward to pickle, each in its own way."""

from typing import Any

from django import template
from django.contrib.auth.models import Group
from django.template.base import Node, Parser, Token

register = template.Library()

MISSING = object()


class Held(Node):
    """Shows whether what it held when it was compiled is still that."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def render(self, context: Any) -> str:  # noqa: ARG002
        return str(self.held is MISSING)


class Called(Node):
    def __init__(self, function: Any) -> None:
        self.function = function

    def render(self, context: Any) -> str:
        return str(self.function(context))


class Raising(Node):
    def render(self, context: Any) -> str:  # noqa: ARG002
        return ""

    def __reduce__(self) -> Any:
        raise RuntimeError("not me")


@register.tag
def sentinel(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    return Held(MISSING)


@register.tag
def row(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    return Held(Group(name="staff"))


@register.tag
def library(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    return Held(register)


@register.tag
def nameless(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    return Called(lambda context, times=2: f"{MISSING is not None} {context['n'] * times}")


@register.tag
def closure(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    word = token.split_contents()[-1]
    return Called(lambda context: word)  # noqa: ARG005


@register.tag
def raising(parser: Parser, token: Token) -> Node:  # noqa: ARG001
    return Raising()


@register.filter("doubled")
def twice(value: int) -> int:
    return value * 2
