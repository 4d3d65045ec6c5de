"""`{% cached key… %}…{% endcached %}`: marks what of a page may be kept, and what it depends on.

Here nothing is kept: what is between the tags is rendered each time. An installation may name
another library in its settings.
"""

from django.template import Context, Library, Node, NodeList
from django.template.base import Parser, Token

register = Library()


class Marked(Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        return self.nodelist.render(context)


@register.tag
def cached(parser: Parser, _token: Token) -> Marked:
    nodelist = parser.parse(("endcached",))
    parser.delete_first_token()
    return Marked(nodelist)
