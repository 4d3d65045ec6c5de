"""Nodes of a compiled template that work out once what is the same at every rendering.

URLs, addresses of static files, and the blocks of a template that others extend. What a URL depends on
stays a part of the question: the URLconf, the prefix, the language, the namespace and its arguments.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from django.apps import apps
from django.conf import STATICFILES_STORAGE_ALIAS, settings
from django.core.files.storage import storages
from django.template import Context, Node, NodeList
from django.template.base import FilterExpression, Template
from django.template.defaulttags import URLNode
from django.template.loaders.base import Loader as BaseLoader
from django.template.loaders.cached import Loader as CachedLoader
from django.templatetags.static import StaticNode
from django.urls import (
    URLResolver,
    converters,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
)
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

__all__ = ["Loader", "Settling", "settle"]

MOST_URLS = 4096
"""Of one URLconf; those used last."""

URLS: Final = "_slipstream_urls"
FILES: Final = "_slipstream_files"
STATICFILES = "django.contrib.staticfiles"
MISSING = object()
TEXT = (str, SafeString)
PLAIN = frozenset({*TEXT, int, UUID})
"""Types whose values are the same as long as they are equal."""

DETERMINED_STORAGES = frozenset(
    {
        "django.contrib.staticfiles.storage.StaticFilesStorage",
        "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        "whitenoise.storage.CompressedStaticFilesStorage",
        "whitenoise.storage.CompressedManifestStaticFilesStorage",
    }
)
"""Those whose URL of a file is the same until the manifest changes; others may sign it, or let it expire."""


class SettledURL(URLNode):
    """`{% url 'name' … %}`: the same for everybody with these arguments, where `Urls` says so."""

    def render(self, context: Context) -> str:
        """Return the URL. Raises NoReverseMatch."""
        args = [argument.resolve(context) for argument in self.args]
        kwargs = {name: value.resolve(context) for name, value in self.kwargs.items()}
        return _urls().made(
            self.view_name.resolve(context),
            args,
            kwargs,
            app=_namespace(context),
            escaped=context.autoescape,
        )


class Urls:
    """The URLs of one URLconf that were made last, for as long as Django keeps its resolver."""

    def __init__(self, resolver: URLResolver) -> None:
        parts = list(_parts(resolver))
        self._named = all(map(_is_reversed_by_django, parts))
        self._with_arguments = self._named and all(map(_is_converted_by_django, parts))
        self._kept = lru_cache(maxsize=MOST_URLS, typed=True)(_made)

    def made(
        self,
        name: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        app: str | None,
        escaped: bool,
    ) -> str:
        """Return the URL. Raises NoReverseMatch."""
        make = self._kept if self._keeps(name, args, kwargs) else _made
        return make(escaped, app, get_script_prefix(), get_language(), name, *args, **kwargs)

    def _keeps(self, name: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        if not args and not kwargs:
            return self._named and type(name) in TEXT
        return (
            self._with_arguments
            and type(name) in TEXT
            and PLAIN.issuperset(map(type, args))
            and PLAIN.issuperset(map(type, kwargs.values()))
        )


def _made(
    escaped: bool,
    app: str | None,
    _prefix: str,
    _language: str | None,
    name: Any,
    /,
    *args: Any,
    **kwargs: Any,
) -> str:
    url = reverse(name, args=args, kwargs=kwargs, current_app=app)
    return conditional_escape(url) if escaped else url


def _urls() -> Urls:
    resolver = get_resolver(get_urlconf())
    found: Urls | None = vars(resolver).get(URLS)
    if found is None:
        found = vars(resolver)[URLS] = Urls(resolver)
    return found


def _namespace(context: Context) -> str | None:
    """Return what Django prefers among the instances of an application."""
    request = getattr(context, "request", None)
    app = getattr(request, "current_app", MISSING)
    if app is MISSING:
        app = getattr(getattr(request, "resolver_match", None), "namespace", None)
    return cast("str | None", app)


def _parts(resolver: Any) -> Iterator[Any]:
    """Yield a resolver, and all patterns and resolvers in it."""
    yield resolver
    for one in getattr(resolver, "url_patterns", ()):
        yield from _parts(one)


def _is_reversed_by_django(part: Any) -> bool:
    own = URLResolver._reverse_with_prefix  # type: ignore[attr-defined]
    return getattr(type(part), "_reverse_with_prefix", own) is own


def _is_converted_by_django(part: Any) -> bool:
    return all(
        type(one).__module__ == converters.__name__ for one in part.pattern.converters.values()
    )


class SettledStatic(StaticNode):
    """`{% static 'path' %}`, where the site's storage has one URL for a file."""

    def render(self, context: Context) -> str:
        """Return the URL. Raises ValueError for a file that the manifest lacks."""
        storage: Any = (
            storages[STATICFILES_STORAGE_ALIAS] if apps.is_installed(STATICFILES) else None
        )
        files = _files(storage)
        if files is None:
            return super().render(context)
        manifest = getattr(
            storage, "manifest_hash", None
        )  # collectstatic in this process changes it
        key = (self.path.var, context.autoescape, manifest, settings.DEBUG)
        url = files.get(key)
        if url is None:
            url = files[key] = super().render(context)
        return url


def _files(storage: Any) -> dict[Any, str] | None:
    """Return URLs of a storage, as many as templates name; None where they may change."""
    found: Any = getattr(storage, FILES, MISSING)
    if found is MISSING:
        found = {} if _name(type(storage)) in DETERMINED_STORAGES else None
        if storage is not None:
            vars(storage)[FILES] = found
    return cast("dict[Any, str] | None", found)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


class SettledNodes(NodeList):
    """All of a template: a template that extends it asks for its blocks at every rendering."""

    def get_nodes_by_type(self, nodetype: type[Node]) -> list[Node]:
        """Return the nodes of a type, in their order."""
        known: dict[type[Node], list[Node]] = vars(self).setdefault("_by_type", {})
        found = known.get(nodetype)
        if found is None:
            found = known[nodetype] = super().get_nodes_by_type(nodetype)
        return list(found)


def settle(nodes: NodeList) -> None:
    """Have a template that was just compiled, and is kept, work out once what stays the same.

    nodes: all of the template; where another class did something to them, they stay as they are.
    """
    if type(nodes) is not NodeList:
        return
    for url in nodes.get_nodes_by_type(URLNode):
        if type(url) is URLNode and not url.asvar:
            url.__class__ = SettledURL
    for file in nodes.get_nodes_by_type(StaticNode):
        if type(file) is StaticNode and file.varname is None and _is_literal(file.path):
            file.__class__ = SettledStatic
    nodes.__class__ = SettledNodes


def _is_literal(expression: FilterExpression) -> bool:
    return isinstance(expression.var, str) and not expression.filters


class Settling(BaseLoader):
    """What comes between Django's cached loader and its loading."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        """Return the template, settled. Raises TemplateDoesNotExist."""
        template = super().get_template(template_name, skip)
        if not self.engine.debug:  # else a node says where it stands, by its own means
            settle(template.nodelist)
        return template


class Loader(CachedLoader, Settling):
    """Django's cached loader; what it keeps is settled."""
