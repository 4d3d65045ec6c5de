"""Jinja2's byte code on the shelf: shared by those that compile alike, and by nobody else."""

import marshal
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, Template, bccache, select_autoescape
from jinja2.ext import do, loopcontrols

from slipstream import __version__
from slipstream.templates import bytecode, edition
from slipstream.templates.bytecode import SharedBytecode
from slipstream.templates.shelf import Shelf

from .forgeries import forgeries

LEAST_FORGERIES = 500
PAGES = {
    "page": "{% for row in rows %}<b>{{ row }}</b>{% endfor %}" + "<p>more</p>" * 40,
    "other": "{{ rows|length }}",
}
SHOWN = {"page": "<b>1</b><b>&lt;</b>" + "<p>more</p>" * 40, "other": "2"}


def environment(shelf: Shelf, **options: Any) -> Environment:
    options = {"autoescape": True} | options
    return Environment(bytecode_cache=SharedBytecode(shelf), loader=DictLoader(PAGES), **options)  # noqa: S701


def shown(shelf: Shelf, name: str) -> str:
    """What a process that has just begun shows."""
    return environment(shelf).get_template(name).render(rows=[1, "<"])


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that are compiled from now on."""
    names: list[str] = []
    compile_ = Environment.compile

    def counted(self: Environment, source: Any, name: str, *rest: Any, **more: Any) -> Any:
        names.append(name)
        return compile_(self, source, name, *rest, **more)

    monkeypatch.setattr(Environment, "compile", counted)
    return names


def test_a_second_environment_compiles_nothing(shelf: Shelf, compiled: list[str]) -> None:
    first = [shown(shelf, name) for name in PAGES]
    assert compiled == list(PAGES)

    second = [shown(shelf, name) for name in PAGES]

    assert first == second == list(SHOWN.values())
    assert compiled == list(PAGES)
    assert shelf.counts == {"missing": 2, "found": 2}


@pytest.mark.parametrize(
    "options",
    [
        {"autoescape": False},
        {"autoescape": bool},
        {"finalize": str.upper},
        {"block_start_string": "<%"},
        {"trim_blocks": True},
        {"enable_async": True},
        {"extensions": [do]},
        {"extensions": [loopcontrols]},
    ],
)
def test_an_environment_that_compiles_otherwise_finds_nothing(
    shelf: Shelf, options: dict[str, Any]
) -> None:
    environment(shelf).get_template("page")
    environment(shelf, **options).get_template("page")
    assert shelf.counts == {"missing": 2}


def test_a_template_that_is_escaped_from_now_on_is_compiled_anew(shelf: Shelf) -> None:
    rules = [select_autoescape(["html"], default=default) for default in (False, True)]
    environments = [environment(shelf, autoescape=rule) for rule in rules]
    pages = [made.get_template("page").render(rows=["<"]) for made in environments]
    assert ["&lt;" in page for page in pages] == [False, True]


def test_a_constant_is_filtered_by_the_filter_that_there_is(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAGES, "other", "{{ 'Word'|cased }}")
    seen = []
    for filter_ in (str.upper, str.lower):
        made = environment(shelf)
        made.filters["cased"] = filter_
        seen.append(made.get_template("other").render())
    assert seen == ["WORD", "word"]


def test_an_edited_template_is_compiled_anew(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(shelf, "other")
    monkeypatch.setitem(PAGES, "other", "edited")
    assert shown(shelf, "other") == "edited"


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (edition, "__version__", f"{__version__}+1"),
        (edition, "_installed", lambda: "with another package"),
        (bytecode, "__version__", "9.0"),
    ],
)
def test_byte_code_of_other_versions_is_not_found(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Any
) -> None:
    shown(shelf, "page")
    monkeypatch.setattr(owner, name, value)
    shown(shelf, "page")
    assert shelf.counts == {"missing": 2}


def test_no_byte_code_of_others_is_unmarshalled(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = dict(zip(PAGES, _keys_of(shelf, monkeypatch), strict=True))
    values = shelf._store.get_many(list(keys.values()))
    good, other = (values[keys[name]] for name in PAGES)
    bomb = marshal.dumps(compile("raise SystemExit", "bomb", "exec"))
    forged = list(forgeries(keys["page"], good, other, bccache.bc_magic + bomb))
    assert len(forged) >= LEAST_FORGERIES
    unmarshalled: list[Any] = []
    monkeypatch.setattr(bccache.marshal, "load", unmarshalled.append)

    for value in forged:
        shelf._store.set(keys["page"], value, 60)
        shelf.counts.clear()
        assert shown(shelf, "page") == SHOWN["page"]
        assert shelf.counts == {"refused": 1}
    assert unmarshalled == []


def _keys_of(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    keys: list[str] = []
    with monkeypatch.context() as patch:
        put = shelf.put
        patch.setattr(shelf, "put", lambda key, payload: keys.append(key) or put(key, payload))
        for name in PAGES:
            shown(shelf, name)
    return keys


def test_what_the_shelf_has_is_what_jinja2_loads(shelf: Shelf) -> None:
    made = environment(shelf)
    cache = made.bytecode_cache
    assert isinstance(cache, SharedBytecode)
    assert not cache.has(made, "page")
    assert isinstance(made.get_template("page"), Template)
    assert cache.has(made, "page")
