"""The loader of `shared-templates`: what one process compiled, the next one doesn't; all else stays."""

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template import Template, engines
from django.test import override_settings

from slipstream import config
from slipstream.config import Config
from slipstream.generations import stores
from slipstream.generations.signing import MAC_BYTES, Signer
from slipstream.templates import cached, loader, shared
from slipstream.templates import shelf as shelves
from slipstream.templates.pickling import dumps
from slipstream.templates.settled import SettledNodes
from slipstream.templates.shelf import Shelf

from ..sessions.servers import closed_port
from .conftest import LOCAL
from .forgeries import forgeries

LEAST_FORGERIES = 500
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
PAGES = {
    "base.html": "<h1>{% block title %}{% endblock %}</h1>",
    "page.html": "{% extends 'base.html' %}{% block title %}{% if n > 1 %}{{ n }}{% endif %}{% endblock %}",
    "alone.html": "{% load tags %}{% closure word %}",
}
SHOWN = {"base.html": "<h1></h1>", "page.html": "<h1>7</h1>", "alone.html": "word"}
Begin = Callable[[], None]


class Bomb:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, source in PAGES.items():
        (tmp_path / name).write_text(source)
    return tmp_path


@pytest.fixture
def begin(folder: Path, shelf: Shelf) -> Iterator[Begin]:  # noqa: ARG001 - it sets CACHES
    """Call it for what a process knows that has just begun: nothing."""
    settings: dict[str, Any] = {
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [str(folder)],
                "OPTIONS": {"libraries": {"tags": f"{__package__}.tags"}},
            }
        ],
        "CACHES": {"default": LOCAL},
    }
    shared.apply(settings, Config())

    def anew() -> None:
        engines.__dict__.pop("templates", None)
        engines._engines.clear()
        shelves.shelf().counts.clear()

    with override_settings(TEMPLATES=settings["TEMPLATES"]):
        yield anew


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that are compiled from now on."""
    names: list[str] = []
    compile_nodelist = Template.compile_nodelist

    def counted(self: Template) -> Any:
        names.append(str(self.name))
        return compile_nodelist(self)

    monkeypatch.setattr(Template, "compile_nodelist", counted)
    return names


def shown() -> dict[str, str]:
    return {name: engines["django"].get_template(name).render({"n": 7}) for name in PAGES}


def test_a_second_process_compiles_only_what_cannot_be_shared(
    begin: Begin, compiled: list[str]
) -> None:
    begin()
    assert shown() == SHOWN
    assert sorted(compiled) == sorted(PAGES)

    begin()
    compiled.clear()

    assert shown() == SHOWN
    assert compiled == ["alone.html"]
    assert shelves.shelf().counts == {"found": 2, "missing": 1, "unshareable": 1}


def test_what_is_shared_is_as_django_compiled_it_and_settled_in_each_process(begin: Begin) -> None:
    for _ in range(2):
        begin()
        nodes = engines["django"].get_template("page.html").template.nodelist
        assert type(nodes) is SettledNodes
    assert shelves.shelf().counts == {"found": 1}


def test_a_process_asks_once_for_all_when_it_boots(
    begin: Begin, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    shared.warm()
    begin()
    compiled.clear()
    asked: list[int] = []
    store = shelves.shelf()._store
    get_many = store.get_many
    monkeypatch.setattr(store, "get_many", lambda keys: asked.append(len(keys)) or get_many(keys))

    assert shared.warm() == len(PAGES)

    assert asked == [len(PAGES)]
    assert compiled == ["alone.html"]
    assert shown() == SHOWN
    assert asked == [len(PAGES)]


def test_a_template_is_compiled_once_in_a_process(begin: Begin, compiled: list[str]) -> None:
    begin()
    assert shown() == shown() == SHOWN
    assert sorted(compiled) == sorted(PAGES)


def test_an_edited_template_is_compiled_anew(begin: Begin, folder: Path) -> None:
    begin()
    shown()
    (folder / "base.html").write_text("<h2>{% block title %}{% endblock %}</h2>")
    begin()
    assert shown()["page.html"] == "<h2>7</h2>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("edition", lambda version: f"another Python than {version}"),
        ("code_digest", lambda module: f"edited {module}"),
    ],
)
def test_templates_of_other_versions_are_not_found(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    begin()
    shown()
    monkeypatch.setattr(loader, name, value)
    begin()
    assert shown() == SHOWN
    assert shelves.shelf().counts["found"] == 0


def test_a_version_of_the_sites_own_parts_them_too(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    shown()
    monkeypatch.setattr(
        config, "_installed", [config.read({"TEMPLATES": {"VERSION": "2"}}, {}, [])]
    )
    begin()
    assert shown() == SHOWN
    assert shelves.shelf().counts["found"] == 0


def test_no_forged_template_is_unpickled_and_every_page_is_fine(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin()
    shown()
    sharing = shared._loaders()[0]
    key, other = (str(sharing.key(name)) for name in ("page.html", "base.html"))
    store = shelves.shelf()._store
    good = store.get_many([key, other])
    bomb = Bomb(tmp_path / "boom")
    head = good[key][MAC_BYTES : good[key].index(b"\x80\x05")]
    forged = list(forgeries(key, good[key], good[other], head + pickle.dumps(bomb)))
    forged += [Signer("yesterday's").signed(key, good[key][MAC_BYTES:]), pickle.dumps(bomb)]
    assert len(forged) >= LEAST_FORGERIES
    loaded: list[bytes] = []
    loads = loader.loads
    monkeypatch.setattr(
        loader, "loads", lambda template, data: loaded.append(data) or loads(template, data)
    )

    for value in forged:
        store.set(key, value, 60)
        begin()
        assert shown() == SHOWN
        assert shelves.shelf().counts["refused"] == 1
        assert loaded == [good[other][MAC_BYTES:]]
        loaded.clear()
    assert not bomb.file.exists()


def test_a_signed_template_of_other_code_is_compiled_and_counted(
    begin: Begin, compiled: list[str]
) -> None:
    begin()
    sharing = shared._loaders()[0]
    key = str(sharing.key("base.html"))
    shelves.shelf().put(key, b"x" * 40 + dumps(sharing.load("base.html"))[40:])
    begin()
    compiled.clear()
    assert shown() == SHOWN
    assert "base.html" in compiled
    assert shelves.shelf().counts["unreadable"] == 1


def test_no_page_fails_while_the_cache_is_away(begin: Begin) -> None:
    with closed_port() as (host, port):
        entry = {"BACKEND": MEMCACHED, "LOCATION": f"{host}:{port}"}
        with override_settings(CACHES={"default": entry}):
            begin()
            assert shared.warm() == len(PAGES)
            begin()
            assert shown() == SHOWN
            assert shelves.shelf().counts["unavailable"] > 0
            stores.reset()


def test_probe_tells_the_levels_of_the_factor_apart(begin: Begin) -> None:
    begin()
    seen = shared.probe(Config())
    assert not seen.in_force  # memory of the process, which no server has
    assert seen.evidence["keys_found_by_server"] is None
    asked = ("sharing_loaders", "templates_asked_for", "compiled_once", "found_in_cache")
    assert [seen.evidence[name] for name in asked] == [1, 2, 2, 2]
    assert not cached.probe(Config()).in_force
