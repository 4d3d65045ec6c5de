"""Nodes of a kept template that work out once what is the same at every rendering: URLs, and blocks.

A URL is remembered beside what Django itself remembers of the URLconf in a language, and goes with it.
What else it depends on is its key: the prefix, the namespace, the name and the arguments. Where anything
that makes URLs isn't Django's own, it is asked each time.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django import urls
from django.template import Context, Engine, Node, NodeList
from django.template.base import Template
from django.template.defaulttags import URLNode
from django.template.loader_tags import BlockNode
from django.template.loaders.base import Loader as BaseLoader
from django.template.loaders.cached import Loader as CachedLoader
from django.urls import URLPattern, URLResolver, get_resolver, get_script_prefix, get_urlconf
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

__all__ = ["Loader", "SettledNodes", "Settling", "settle"]

MOST_URLS = 4096
"""Of one URLconf in one language; those used last."""

LONGEST_TEXT = 200
LONGEST_BITS = 128
"""A visitor's own words may be in a URL; what is longer isn't kept."""

TEXTS = (str, SafeString)
PATTERNS = (LocalePrefixPattern, RegexPattern, RoutePattern)
CONVERTERS = "django.urls.converters"
MEMORY = "_slipstream_urls"
MISSING = object()


def _own(function: Any, module: str) -> Any:
    """Return what a module of Django's defines; an object like no other where it was replaced."""
    defined_by = getattr(function, "__globals__", {}).get("__name__")
    return function if defined_by == module else object()


REVERSE = _own(urls.reverse, "django.urls.base")
RENDER = _own(URLNode.render, "django.template.defaulttags")
WITH_PREFIX = _own(URLResolver._reverse_with_prefix, "django.urls.resolvers")  # type: ignore[attr-defined]


def _is_made_by_django() -> bool:
    """Say whether no package replaced what makes URLs; some do, for tenants or hosts."""
    return (
        urls.reverse is REVERSE
        and URLNode.render is RENDER
        and URLResolver._reverse_with_prefix is WITH_PREFIX  # type: ignore[attr-defined]
    )


class SettledURL(URLNode):
    """`{% url 'name' … %}`: the same for everybody with these arguments."""

    def render(self, context: Context) -> str:
        """Return the URL. Raises NoReverseMatch."""
        if not _is_made_by_django():
            return super().render(context)
        name = self.view_name.resolve(context)
        args = [argument.resolve(context) for argument in self.args]
        kwargs = {key: value.resolve(context) for key, value in self.kwargs.items()}
        app = _namespace(context)
        remembered = _remembered_urls()
        find = remembered.url if remembered.may_have(name, args, kwargs, app) else _url
        return find(context.autoescape, app, get_script_prefix(), name, *args, **kwargs)


class RememberedURLs:
    """The URLs made last of one URLconf in one language."""

    def __init__(self, resolver: URLResolver) -> None:
        parts = list(_parts(resolver))
        self._has_names = all(map(_is_djangos, parts))
        self._has_arguments = self._has_names and all(map(_converts_as_django, parts))
        self.url = lru_cache(maxsize=MOST_URLS)(_url)

    def may_have(self, name: Any, args: Sequence[Any], kwargs: Mapping[str, Any], app: Any) -> bool:
        """Say whether a URL depends on nothing but these values, and they take little room."""
        if not (self._has_names and _is_text(name) and (app is None or _is_text(app))):
            return False
        values = (*args, *kwargs.values())
        return not values or (self._has_arguments and all(map(_is_plain, values)))


def _url(
    escaped: bool,
    app: str | None,
    _prefix: str,
    name: Any,
    /,
    *args: Any,
    **kwargs: Any,
) -> str:
    url = urls.reverse(name, args=args, kwargs=kwargs, current_app=app)
    return conditional_escape(url) if escaped else url


def _remembered_urls() -> RememberedURLs:
    resolver = get_resolver(get_urlconf())
    of_language = vars(resolver.reverse_dict)  # Django makes another one per language
    found: RememberedURLs | None = of_language.get(MEMORY)
    if found is None:
        found = of_language[MEMORY] = RememberedURLs(resolver)
    return found


def _namespace(context: Context) -> Any:
    """Return what Django prefers among the instances of an application."""
    request = getattr(context, "request", None)
    app = getattr(request, "current_app", MISSING)
    if app is MISSING:
        app = getattr(getattr(request, "resolver_match", None), "namespace", None)
    return app


def _parts(part: URLResolver | URLPattern) -> Iterator[URLResolver | URLPattern]:
    """Yield a resolver, and all patterns and resolvers in it."""
    yield part
    if isinstance(part, URLResolver):
        for one in part.url_patterns:
            yield from _parts(one)


def _is_djangos(part: URLResolver | URLPattern) -> bool:
    return type(part) in (URLResolver, URLPattern) and type(part.pattern) in PATTERNS


def _converts_as_django(part: URLResolver | URLPattern) -> bool:
    return all(type(one).__module__ == CONVERTERS for one in part.pattern.converters.values())


def _is_text(value: Any) -> bool:
    return type(value) in TEXTS and len(value) <= LONGEST_TEXT


def _is_plain(value: Any) -> bool:
    """Say whether a value is the same as long as it is equal, and short."""
    if type(value) is int:
        return value.bit_length() <= LONGEST_BITS
    return type(value) is UUID or _is_text(value)


class SettledNodes(NodeList):
    """All of a template: a template that extends it asks for its blocks at every rendering."""

    def get_nodes_by_type(self, nodetype: type[Node]) -> list[Node]:
        """Return the nodes of a type, in their order."""
        if nodetype is not BlockNode:
            return super().get_nodes_by_type(nodetype)
        nodes, blocks = vars(self).get("_blocks", (None, None))
        if nodes != self:  # somebody has changed the list since, or it is a copy
            nodes, blocks = list(self), super().get_nodes_by_type(nodetype)
            self._blocks = (nodes, blocks)
        return list(blocks)


def settle(nodes: NodeList) -> None:
    """Have a template that was just compiled, and is kept, work out once what stays the same.

    nodes: all of the template; where another class did something to them, they stay as they are.
    """
    if type(nodes) is not NodeList:
        return
    for node in nodes.get_nodes_by_type(URLNode):
        if type(node) is URLNode and not node.asvar:
            node.__class__ = SettledURL
    nodes.__class__ = SettledNodes


class Settling(BaseLoader):
    """What comes between Django's cached loader and its loading."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        """Return the template, settled. Raises TemplateDoesNotExist."""
        template = super().get_template(template_name, skip)
        plain = type(self.engine) is Engine and not self.engine.debug
        if plain:  # others have nodes of their own, or nodes that know where they stand
            settle(template.nodelist)
        return template


class Loader(CachedLoader, Settling):
    """Django's cached loader; what it keeps is settled."""
