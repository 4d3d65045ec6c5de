"""The environment of the site's Jinja2 templates, for Django's own Jinja2 backend.

`csrf_input`, `request` and the context processors' values come from the backend itself.
"""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser


class Cached(Extension):
    """The tag of campus.fragments; here, too, nothing is kept."""

    tags = frozenset({"cached"})  # type: ignore[assignment]

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        parser.parse_tuple()
        return parser.parse_statements(("name:endcached",), drop_needle=True)


def environment(**options: Any) -> Environment:
    env = Environment(**options, extensions=[Cached])  # noqa: S701 - the backend turns autoescape on
    env.globals.update(static=static, url=reverse)
    return env
