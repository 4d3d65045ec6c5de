"""Settled templates: what is worked out once is what Django would say each time."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django import urls
from django.http import HttpRequest
from django.template import Context, Engine, RequestContext
from django.template.base import NodeList
from django.template.defaulttags import URLNode
from django.template.loader_tags import BlockNode
from django.test import RequestFactory, override_settings
from django.urls import (
    NoReverseMatch,
    URLResolver,
    clear_url_caches,
    get_resolver,
    include,
    path,
    register_converter,
    set_script_prefix,
    set_urlconf,
)
from django.urls import converters as known
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.functional import lazystr

from slipstream.fragments.refusals import RequestOfFragment
from slipstream.fragments.work import Work
from slipstream.templates import settled
from slipstream.templates.backends import (
    CACHED_LOADER,
    DJANGOS_CACHED_LOADER,
    FILESYSTEM_LOADER,
    djangos_loader,
)

from .settled_urls import urlpatterns, view

URLCONF = f"{__package__}.settled_urls"
KEY = UUID("6d1c1a52-8e0a-4c6d-9b8f-0d5a4f3a2b1c")
HOME = "{% url 'home' %}"
PERSON = "{% url 'person' who %}"


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=URLCONF):
        yield
    set_script_prefix("/")
    set_urlconf(None)
    clear_url_caches()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engine_of(tmp_path)


def engine_of(folder: Path, *, debug: bool = False) -> Engine:
    return Engine([str(folder)], loaders=[(CACHED_LOADER, [FILESYSTEM_LOADER])], debug=debug)


def shown(engine: Engine, source: str, context: Context | None = None, **values: Any) -> str:
    """What a template shows that a file holds."""
    name = f"{abs(hash(source))}.html"
    (Path(engine.dirs[0]) / name).write_text(source)
    return engine.get_template(name).render(context or Context(values))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of which Django is asked for URLs from now on."""
    names: list[str] = []
    original = urls.reverse

    def noted(name: Any, *args: Any, **options: Any) -> str:
        names.append(str(name))
        return original(name, *args, **options)

    monkeypatch.setattr(urls, "reverse", noted)
    monkeypatch.setattr(settled, "REVERSE", noted)
    return names


def have(monkeypatch: pytest.MonkeyPatch, *more: Any) -> None:
    """Add to the site's URLs."""
    monkeypatch.setattr(f"{URLCONF}.urlpatterns", [*urlpatterns, *more])
    clear_url_caches()


class OwnText(str):
    """Stands for any that may say something else each time."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("tag", "values", "url"),
    [
        (HOME, {}, "/home/"),
        ("{% url name %}", {"name": "home"}, "/home/"),
        ("{% url 'person' 'ann' %}", {}, "/people/ann/"),
        ("{% url 'person' name=who %}", {"who": "a&b"}, "/people/a&amp;b/"),
        ("{% url 'one:item' pk=n %}", {"n": 7}, "/one/7/"),
        ("{% url 'thing' key %}", {"key": KEY}, f"/items/{KEY}/"),
        ("{% autoescape off %}{% url 'person' 'a&b' %}{% endautoescape %}", {}, "/people/a&b/"),
    ],
)
def test_url_is_made_once(
    engine: Engine, asked: list[str], tag: str, values: dict[str, Any], url: str
) -> None:
    assert [shown(engine, tag, **values) for _ in range(3)] == [url] * 3
    assert len(asked) == 1


def test_escaped_and_not_are_told_apart(engine: Engine) -> None:
    both = (
        "{% url 'person' 'a&b' %} {% autoescape off %}{% url 'person' 'a&b' %}{% endautoescape %}"
    )
    assert shown(engine, both) == "/people/a&amp;b/ /people/a&b/"


@pytest.mark.parametrize("tag", [PERSON, "{% url 'person' name=who %}"])
@pytest.mark.parametrize(
    "value",
    [True, 1.0, lazystr("ann"), OwnText("ann"), "x" * 201, 2**200],
    ids=["bool", "float", "lazy", "own", "long", "large"],
)
def test_url_of_what_may_change_or_is_long_is_made_each_time(
    engine: Engine, asked: list[str], tag: str, value: Any
) -> None:
    shown(engine, tag, who=1)
    for _ in range(2):
        assert shown(engine, tag, who=value) == f"/people/{value}/"
    assert len(asked) == 3


def test_lazy_names_are_asked_each_time(engine: Engine, asked: list[str]) -> None:
    for _ in range(2):
        assert shown(engine, "{% url name %}", name=lazystr("home")) == "/home/"
    assert asked == ["home", "home"]


def test_those_used_last_are_remembered(
    engine: Engine, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "MOST_URLS", 2)
    for who in ("ann", "bob", "ann", "eve", "ann", "bob"):
        shown(engine, PERSON, who=who)
    assert len(asked) == 4


def test_what_no_url_fits_is_said_each_time(engine: Engine) -> None:
    for _ in range(2):
        with pytest.raises(NoReverseMatch, match="nowhere"):
            shown(engine, "{% url 'nowhere' %}")
        assert shown(engine, "{% url 'nowhere' as there %}[{{ there }}]") == "[]"
        assert shown(engine, "{% url 'home' as there %}[{{ there }}]") == "[/home/]"


def test_each_prefix_has_its_own(engine: Engine) -> None:
    for prefix in ("/", "/below/", "/"):
        set_script_prefix(prefix)
        assert shown(engine, HOME) == f"{prefix}home/"


def test_each_language_has_its_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the functions are called that Django settles for when a process first translates."""
    have(monkeypatch, URLResolver(LocalePrefixPattern(), [path("about/", view, name="about")]))
    for language in ("en", "de", "en"):
        monkeypatch.setattr("django.urls.resolvers.get_language", lambda: language)  # noqa: B023
        for _ in range(2):
            assert shown(engine, "{% url 'about' %}") == f"/{language}/about/"


def test_each_urlconf_has_its_own(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other_urls.py").write_text(
        f"from {URLCONF} import path, view\nurlpatterns = [path('elsewhere/', view, name='home')]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for urlconf, url in ((None, "/home/"), ("other_urls", "/elsewhere/"), (None, "/home/")):
        set_urlconf(urlconf)
        assert shown(engine, HOME) == url


def _with_current_app(request: HttpRequest, namespace: str) -> None:
    request.current_app = namespace  # type: ignore[attr-defined]
    request.resolver_match = SimpleNamespace(namespace="two")  # type: ignore[assignment]


def _with_match(request: HttpRequest, namespace: str) -> None:
    request.resolver_match = SimpleNamespace(namespace=namespace)  # type: ignore[assignment]


@pytest.mark.parametrize("set_up", [_with_current_app, _with_match])
@pytest.mark.parametrize("in_fragment", [False, True])
def test_each_instance_of_an_application_has_its_own(
    engine: Engine, set_up: Callable[[HttpRequest, str], None], in_fragment: bool
) -> None:
    for namespace in ("one", "two", "one"):
        request: Any = RequestFactory().get("/")
        set_up(request, namespace)
        if in_fragment:
            request = RequestOfFragment(request, frozenset(), Work("a", strict=True))
        context = Context()
        context.request = request  # type: ignore[attr-defined]
        assert shown(engine, "{% url 'news:index' %}", context) == f"/{namespace}/"


@pytest.mark.parametrize("app", [None, []], ids=["none", "not hashable"])
def test_an_application_that_is_set_counts_even_if_it_is_none(engine: Engine, app: Any) -> None:
    request = RequestFactory().get("/")
    _with_match(request, "one")
    assert shown(engine, "{% url 'news:index' %}", RequestContext(request)) == "/one/"
    request.current_app = app  # type: ignore[attr-defined]
    assert shown(engine, "{% url 'news:index' %}", RequestContext(request)) == "/two/"


def test_urls_are_forgotten_with_their_urlconf(engine: Engine, asked: list[str]) -> None:
    for _ in range(2):
        shown(engine, HOME)
        clear_url_caches()
    assert asked == ["home", "home"]


def test_urls_are_forgotten_where_django_reads_the_urlconf_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    patterns = list(urlpatterns)
    monkeypatch.setattr(f"{URLCONF}.urlpatterns", patterns)
    clear_url_caches()
    assert shown(engine, HOME) == "/home/"
    patterns[:] = [path("house/", view, name="home")]
    get_resolver()._populate()
    assert shown(engine, HOME) == "/house/"


def _tenants(original: Callable[..., str], said: Iterator[str]) -> Callable[..., str]:
    return lambda *args, **options: f"/{next(said)}{original(*args, **options)}"


@pytest.mark.parametrize(
    ("owner", "name"),
    [(urls, "reverse"), (URLNode, "render"), (URLResolver, "_reverse_with_prefix")],
)
def test_what_a_package_replaced_is_asked_each_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    assert shown(engine, HOME) == "/home/"
    with monkeypatch.context() as replaced:
        replaced.setattr(owner, name, _tenants(getattr(owner, name), iter("abc")))
        assert [shown(engine, HOME) for _ in range(2)] == ["/a/home/", "/b/home/"]
    assert shown(engine, HOME) == "/home/"


def test_what_was_replaced_before_is_no_function_of_djangos() -> None:
    def wrapper() -> None: ...

    wrapper.__module__ = "django.urls.base"  # as functools.wraps has it
    assert settled._own(wrapper, "django.urls.base") is not wrapper
    assert settled._own(urls.reverse, "django.urls.base") is urls.reverse


@pytest.fixture
def rising() -> Iterator[None]:
    class Rising(known.StringConverter):
        count = 0

        def to_url(self, value: str) -> str:
            Rising.count += 1
            return f"{value}{Rising.count}"

    register_converter(Rising, "rising")
    yield
    known.REGISTERED_CONVERTERS.pop("rising", None)
    known.get_converters.cache_clear()


@pytest.mark.usefixtures("rising")
def test_converters_of_the_site_are_asked_each_time(
    engine: Engine, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, path("in/", include([path("<rising:n>/", view, name="risen")])))
    assert [shown(engine, "{% url 'risen' 'x' %}") for _ in range(2)] == ["/in/x1/", "/in/x2/"]
    for _ in range(2):
        shown(engine, HOME)
    assert asked == ["risen", "risen", "home"]


class OwnResolver(URLResolver):
    """Stands for any that answers otherwise each time."""


class OwnPattern(RoutePattern):
    """Stands for any that answers otherwise each time."""


@pytest.mark.parametrize(
    "own",
    [
        OwnResolver(RegexPattern(r"^in/"), [path("x/", view)]),
        URLResolver(OwnPattern("in/"), [path("x/", view)]),
    ],
    ids=["resolver", "pattern"],
)
def test_resolvers_and_patterns_of_the_site_are_asked_each_time(
    engine: Engine, asked: list[str], monkeypatch: pytest.MonkeyPatch, own: URLResolver
) -> None:
    have(monkeypatch, path("further/", include([own])))
    for _ in range(2):
        shown(engine, HOME)
    assert asked == ["home", "home"]


def test_a_urlconf_that_cannot_be_read_is_said_each_time(engine: Engine) -> None:
    for _ in range(2):
        set_urlconf("no.such.urls")
        with pytest.raises(ModuleNotFoundError):
            shown(engine, HOME)
        set_urlconf(None)
        assert shown(engine, HOME) == "/home/"


def test_blocks_of_a_template_are_found_once(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "base.html").write_text("<{% block a %}{% block b %}b{% endblock %}{% endblock %}>")
    child = "{% extends 'base.html' %}{% block b %}[{{ block.super }}{{ n }}]{% endblock %}"
    assert [shown(engine, child, n=n) for n in (1, 2)] == ["<[b1]>", "<[b2]>"]
    nodes = engine.get_template("base.html").nodelist
    found = nodes.get_nodes_by_type(BlockNode)
    assert [one.name for one in found] == ["a", "b"]  # type: ignore[attr-defined]
    found.clear()  # the caller's own
    assert len(nodes.get_nodes_by_type(BlockNode)) == 2


def test_blocks_of_a_list_that_was_changed_are_looked_for(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% block a %}{% endblock %}")
    nodes = engine.get_template("page.html").nodelist
    nodes.get_nodes_by_type(BlockNode)
    another = copy.copy(nodes)
    del another[0]
    assert another.get_nodes_by_type(BlockNode) == []
    assert len(nodes.get_nodes_by_type(BlockNode)) == 1
    assert len(nodes.get_nodes_by_type(URLNode)) == 0


def test_under_debug_templates_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(HOME)
    for debug, kind in ((True, URLNode), (False, settled.SettledURL)):
        nodes = engine_of(tmp_path, debug=debug).get_template("a.html").nodelist
        assert [type(one) for one in nodes.get_nodes_by_type(URLNode)] == [kind]
        assert isinstance(nodes, settled.SettledNodes) == (not debug)


def test_classes_of_the_site_stay_as_they_are(engine: Engine) -> None:
    class OwnList(NodeList):
        pass

    class OwnURL(URLNode):
        pass

    nodes = OwnList()
    settled.settle(nodes)
    assert type(nodes) is OwnList
    name = engine.from_string(HOME).nodelist[0].view_name  # type: ignore[attr-defined]
    page = NodeList([OwnURL(name, [], {}, None)])
    settled.settle(page)
    assert type(page[0]) is OwnURL


def test_another_engine_gets_the_loader_that_it_knows() -> None:
    loaders = [FILESYSTEM_LOADER]
    assert djangos_loader((CACHED_LOADER, loaders)) == (DJANGOS_CACHED_LOADER, loaders)
    for other in (FILESYSTEM_LOADER, ("site.Loader", loaders)):
        assert djangos_loader(other) == other
