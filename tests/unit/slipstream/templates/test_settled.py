"""Settled templates: what is worked out once is what Django would say each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import storages
from django.template import Context, Engine, RequestContext
from django.template.base import NodeList
from django.template.loader_tags import BlockNode
from django.test import RequestFactory, override_settings
from django.urls import (
    NoReverseMatch,
    URLResolver,
    clear_url_caches,
    include,
    path,
    register_converter,
    set_script_prefix,
    set_urlconf,
)
from django.urls import converters as known
from django.urls.resolvers import RegexPattern
from django.utils.html import escape

from slipstream.templates import settled
from slipstream.templates.backends import CACHED_LOADER, FILESYSTEM_LOADER

from .settled_urls import urlpatterns, view

URLCONF = f"{__package__}.settled_urls"
KEY = UUID("6d1c1a52-8e0a-4c6d-9b8f-0d5a4f3a2b1c")


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    installed = ["django.contrib.staticfiles"]
    with override_settings(ROOT_URLCONF=URLCONF, STATIC_URL="/s/", INSTALLED_APPS=installed):
        yield
    set_script_prefix("/")
    set_urlconf(None)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return engine_of(tmp_path)


def engine_of(folder: Path, *, debug: bool = False, loader: str = CACHED_LOADER) -> Engine:
    loaders = [(loader, [FILESYSTEM_LOADER])]
    libraries = {"static": "django.templatetags.static"}
    return Engine([str(folder)], loaders=loaders, debug=debug, libraries=libraries)


def shown(engine: Engine, source: str, context: Context | None = None, **values: Any) -> str:
    """What a template shows that a file holds."""
    name = f"{abs(hash(source))}.html"
    (Path(engine.dirs[0]) / name).write_text(source)
    return engine.get_template(name).render(context or Context(values))


def reversals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the names noted of which Django makes URLs."""
    asked: list[str] = []
    original = settled.reverse

    def noted(name: str, **options: Any) -> str:
        asked.append(name)
        return original(name, **options)

    monkeypatch.setattr(settled, "reverse", noted)
    return asked


@contextmanager
def converter(name: str, kind: type) -> Iterator[None]:
    register_converter(kind, name)
    try:
        yield
    finally:
        known.REGISTERED_CONVERTERS.pop(name, None)
        known.get_converters.cache_clear()
        clear_url_caches()


@pytest.mark.parametrize(
    ("tag", "values", "url"),
    [
        ("{% url 'home' %}", {}, "/home/"),
        ("{% url name %}", {"name": "home"}, "/home/"),
        ("{% url 'person' 'ann' %}", {}, "/people/ann/"),
        ("{% url 'person' name=who %}", {"who": "a&b"}, "/people/a&amp;b/"),
        ("{% url 'one:item' pk=n %}", {"n": 7}, "/one/7/"),
        ("{% url 'thing' key %}", {"key": KEY}, f"/items/{KEY}/"),
        ("{% autoescape off %}{% url 'person' 'a&b' %}{% endautoescape %}", {}, "/people/a&b/"),
    ],
)
def test_url_is_made_once(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    tag: str,
    values: dict[str, Any],
    url: str,
) -> None:
    asked = reversals(monkeypatch)
    assert [shown(engine, tag, **values) for _ in range(3)] == [url] * 3
    assert len(asked) == 1


def test_urls_that_differ_in_a_type_alone_are_told_apart(engine: Engine) -> None:
    for value in (1, True, 1.0, "1"):
        assert shown(engine, "{% url 'person' who %}", who=value) == f"/people/{value}/"


def test_url_of_a_value_of_another_type_is_made_each_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moody:
        moods = iter(["glad", "sad"])

        def __str__(self) -> str:
            return next(self.moods)

    asked = reversals(monkeypatch)
    who = Moody()
    monkeypatch.setattr(known.StringConverter, "to_url", lambda _self, value: str(value))
    assert [shown(engine, "{% url 'person' who %}", who=who) for _ in range(2)] == [
        "/people/glad/",
        "/people/sad/",
    ]
    assert asked == ["person", "person"]


def test_what_no_url_fits_is_said_each_time(engine: Engine) -> None:
    for _ in range(2):
        with pytest.raises(NoReverseMatch, match="nowhere"):
            shown(engine, "{% url 'nowhere' %}")
        assert shown(engine, "{% url 'nowhere' as there %}[{{ there }}]") == "[]"
        assert shown(engine, "{% url 'home' as there %}[{{ there }}]") == "[/home/]"


def test_each_prefix_has_its_own(engine: Engine) -> None:
    for prefix in ("/", "/below/", "/"):
        set_script_prefix(prefix)
        assert shown(engine, "{% url 'home' %}") == f"{prefix}home/"


def test_each_language_is_asked_for_by_itself(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Django then answers is tested by its own tests, `i18n`, in the mode `templates`."""
    asked = reversals(monkeypatch)
    for language in ("en", "de", "en"):
        monkeypatch.setattr(settled, "get_language", lambda: language)  # noqa: B023 - at once
        shown(engine, "{% url 'home' %}")
    assert asked == ["home", "home"]


def test_each_urlconf_has_its_own(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "other_urls.py").write_text(
        f"from {URLCONF} import path, view\nurlpatterns = [path('elsewhere/', view, name='home')]\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(tmp_path))
        for urlconf, url in ((None, "/home/"), ("other_urls", "/elsewhere/"), (None, "/home/")):
            set_urlconf(urlconf)
            assert shown(engine, "{% url 'home' %}") == url


@pytest.mark.parametrize("how", ["current_app", "resolver_match"])
def test_each_instance_of_an_application_has_its_own(engine: Engine, how: str) -> None:
    for namespace in ("one", "two", "one"):
        request = RequestFactory().get("/")
        match: Any = SimpleNamespace(namespace=namespace)
        setattr(request, how, namespace if how == "current_app" else match)
        context = RequestContext(request)
        assert shown(engine, "{% url 'news:index' %}", context) == f"/{namespace}/"


def test_urls_are_forgotten_with_their_urlconf(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = reversals(monkeypatch)
    for _ in range(2):
        shown(engine, "{% url 'home' %}")
        clear_url_caches()
    assert asked == ["home", "home"]


def test_converters_of_the_site_are_asked_each_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rising(known.StringConverter):
        count = 0

        def to_url(self, value: str) -> str:
            Rising.count += 1
            return f"{value}{Rising.count}"

    with converter("rising", Rising):
        more = [path("in/", include([path("<rising:n>/", view, name="risen")]))]
        monkeypatch.setattr(f"{URLCONF}.urlpatterns", [*urlpatterns, *more])
        clear_url_caches()
        asked = reversals(monkeypatch)
        urls = [shown(engine, "{% url 'risen' 'x' %}") for _ in range(2)]
        for _ in range(2):
            shown(engine, "{% url 'home' %}")
    assert urls == ["/in/x1/", "/in/x2/"]
    assert asked == ["risen", "risen", "home"]


def test_resolvers_of_the_site_are_asked_each_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(URLResolver):
        def _reverse_with_prefix(self, *args: Any, **kwargs: Any) -> Any:
            return super()._reverse_with_prefix(*args, **kwargs)  # type: ignore[misc]

    own = Own(RegexPattern(r"^in/"), [path("x/", view)])
    monkeypatch.setattr(f"{URLCONF}.urlpatterns", [*urlpatterns, own])
    clear_url_caches()
    asked = reversals(monkeypatch)
    for _ in range(2):
        shown(engine, "{% url 'home' %}")
    assert asked == ["home", "home"]


@pytest.mark.parametrize(
    ("storage", "asked"),
    [("StaticFilesStorage", 1), ("Signing", 3)],
)
def test_url_of_a_file_is_made_once_where_it_stays(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, storage: str, asked: int
) -> None:
    made: list[str] = []
    original = StaticFilesStorage.url

    def url(self: StaticFilesStorage, name: str) -> str:
        made.append(name)
        return original(self, name)

    monkeypatch.setattr(StaticFilesStorage, "url", url)
    where = (
        f"{__name__}.Signing"
        if storage == "Signing"
        else f"django.contrib.staticfiles.storage.{storage}"
    )
    with override_settings(STORAGES={"staticfiles": {"BACKEND": where}}):
        page = "{% load static %}{% static 'a&b.css' %}"
        assert [shown(engine, page) for _ in range(3)] == ["/s/a%26b.css"] * 3
        assert len(made) == asked
        off = "{% load static %}{% autoescape off %}{% static 'it\\'s.css' %}{% endautoescape %}"
        assert escape(shown(engine, off)) == shown(engine, off.replace("off", "on"))


class Signing(StaticFilesStorage):
    """Stands for any storage that isn't known to give a file one URL."""


def test_url_of_a_file_is_forgotten_with_its_storage(engine: Engine) -> None:
    page = "{% load static %}{% static 'a.css' %}"
    assert shown(engine, page) == "/s/a.css"
    with override_settings(STATIC_URL="/t/"):
        assert shown(engine, page) == "/t/a.css"
    assert shown(engine, page) == "/s/a.css"


def test_url_of_a_file_changes_with_the_manifest(engine: Engine, tmp_path: Path) -> None:
    page = "{% load static %}{% static 'a.css' %}"
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    with override_settings(
        STORAGES={"staticfiles": {"BACKEND": backend}}, STATIC_ROOT=str(tmp_path / "root")
    ):
        storage: Any = storages["staticfiles"]
        for number in ("1", "2", "1"):
            storage.hashed_files = {"a.css": f"a.{number}.css"}
            storage.save_manifest()  # as collectstatic does
            assert [shown(engine, page) for _ in range(2)] == [f"/s/a.{number}.css"] * 2
        with pytest.raises(ValueError, match=r"b\.css"):
            shown(engine, "{% load static %}{% static 'b.css' %}")


def test_without_the_app_for_static_files_django_is_asked(engine: Engine) -> None:
    with override_settings(INSTALLED_APPS=[]):
        for prefix in ("/", "/below/"):
            set_script_prefix(prefix)
            with override_settings(STATIC_URL="s/"):
                page = "{% load static %}{% static 'a.css' %}"
                assert shown(engine, page) == f"{prefix}s/a.css"


def test_blocks_of_a_template_are_found_once(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "base.html").write_text("<{% block a %}{% block b %}b{% endblock %}{% endblock %}>")
    child = "{% extends 'base.html' %}{% block b %}[{{ block.super }}{{ n }}]{% endblock %}"
    assert [shown(engine, child, n=n) for n in (1, 2)] == ["<[b1]>", "<[b2]>"]
    nodes = engine.get_template("base.html").nodelist
    found = nodes.get_nodes_by_type(BlockNode)
    assert [one.name for one in found] == ["a", "b"]  # type: ignore[attr-defined]
    found.clear()  # the caller's own
    assert len(nodes.get_nodes_by_type(BlockNode)) == 2


def test_under_debug_templates_stay_as_they_are(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, debug=True)
    (tmp_path / "a.html").write_text("{% url 'home' %}")
    assert not isinstance(engine.get_template("a.html").nodelist, settled.SettledNodes)


def test_nodes_of_another_class_stay_as_they_are() -> None:
    class Own(NodeList):
        pass

    nodes = Own()
    settled.settle(nodes)
    assert type(nodes) is Own
