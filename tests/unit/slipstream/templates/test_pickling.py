"""A template that went through bytes is the same one; what would be another one is refused."""

import itertools

import pytest
from django.template import Context, Template
from django.template.engine import Engine
from django.template.loaders.locmem import Loader

from slipstream.templates import pickling
from slipstream.templates.pickling import Unreadable, Unshareable, dumps, loads

PAGES = {
    "base": "<title>{% block title %}base{% endblock %}</title>{% block body %}{% endblock %}",
    "page": "{% extends 'base' %}{% load tags i18n %}{% block title %}{{ block.super }} page{% endblock %}"
    "{% block body %}{% for r in rows %}{% cycle 'a' 'b' %}{{ r|doubled|default:_('none') }}"
    "{% include 'part' with r=r only %}{% empty %}empty{% endfor %}{% nameless %}{% endblock %}",
    "part": "{% ifchanged r %}{{ forloop.counter }}{% endifchanged %}[{{ r|stringformat:'03d' }}]",
    "own": "{% include 'own2' %}{% include name %}",
    "own2": "{% filter upper %}{% spaceless %}<b> </b> <i>x</i>{% endspaceless %}{% endfilter %}",
}
CONTEXT = {"rows": [1, 1, 2], "n": 21, "name": "own2"}


def engine(debug: bool = False) -> Engine:
    return Engine(
        loaders=[("django.template.loaders.locmem.Loader", PAGES)],
        libraries={"tags": f"{__package__}.tags", "i18n": "django.templatetags.i18n"},
        debug=debug,
    )


def through_bytes(template: Template) -> Template:
    """What another process makes of the bytes."""
    other = Template.__new__(Template)
    vars(other).update(vars(template), nodelist=None)
    loads(other, dumps(template))
    return other


def compiled(source: str) -> Template:
    return engine().from_string("{% load tags %}" + source)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", PAGES)
def test_a_template_renders_the_same_after_it(name: str, debug: bool) -> None:
    template = engine(debug).get_template(name)
    other = through_bytes(template)
    assert other.nodelist is not template.nodelist
    assert other.render(Context(CONTEXT)) == template.render(Context(CONTEXT))


def test_engine_loaders_and_origin_stay_the_processes_own() -> None:
    template = engine().get_template("page")
    extends = through_bytes(template).nodelist[0]
    assert extends.origin is template.origin
    assert isinstance(extends.origin.loader, Loader)
    assert extends.origin.loader is template.engine.template_loaders[0]


OPERANDS = ("a", "b", "none")
OPERATORS = ("or", "and", "in", "not in", "is", "is not", "==", "!=", ">", ">=", "<", "<=")


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_of_if_decides_the_same(operator: str) -> None:
    pairs = [f"{a} {operator} not {b}" for a, b in itertools.product(OPERANDS, repeat=2)]
    pairs += [f"{a} {operator} {b}" for a, b in itertools.product(OPERANDS, repeat=2)]
    template = compiled(
        " ".join(f"{{% if {pair} %}}yes{{% else %}}no{{% endif %}}" for pair in pairs)
    )
    context = {"a": [1], "b": [[1], 2], "none": None}
    assert through_bytes(template).render(Context(context)) == template.render(Context(context))


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("{% sentinel %}", "identity"),
        ("{% row %}", "identity"),
        ("{% library %}", "identity"),
        ("{% closure word %}", "local object"),
        ("{% raising %}", "not me"),
    ],
)
def test_what_would_become_another_thing_is_not_shared(tag: str, reason: str) -> None:
    with pytest.raises(Unshareable, match=reason):
        dumps(compiled(tag))


def test_another_engine_is_not_shared() -> None:
    template = compiled("text")
    template.nodelist.append(engine())  # type: ignore[arg-type]
    with pytest.raises(Unshareable, match="another engine's Engine"):
        dumps(template)


def test_nodes_of_other_code_are_not_unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    template = compiled("{{ n|doubled }}{% if n == 1 %}{% endif %}")
    content = dumps(template)
    seen: list[str] = []

    def of_an_edited_site(module: str) -> str:
        seen.append(module)
        return f"edited {module}"

    monkeypatch.setattr(pickling, "code_digest", of_an_edited_site)
    monkeypatch.setattr(pickling, "_code_of", pickling._code_of.__wrapped__)
    monkeypatch.setattr(pickling, "_Unpickler", None)
    with pytest.raises(Unreadable, match="other code"):
        loads(template, content)
    assert {f"{__package__}.tags", "django.template.defaulttags", pickling.__name__} <= set(seen)


def test_what_does_not_unpickle_here_changes_nothing() -> None:
    template = compiled("text")
    nodelist, gone = template.nodelist, dumps(template).replace(b"TextNode", b"GoneNode")
    with pytest.raises(Unreadable, match="GoneNode"):
        loads(template, gone)
    assert template.nodelist is nodelist
