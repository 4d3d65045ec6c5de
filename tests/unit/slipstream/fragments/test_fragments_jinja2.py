"""The tag in Jinja2: the same fragments, the same refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateSyntaxError

from slipstream.fragments.cache import Fragments
from slipstream.fragments.errors import FragmentError
from slipstream.fragments.jinja2 import CachedExtension
from slipstream.fragments.switch import SWITCH
from slipstream.generations.recording import Recording, recorded

from .showing import visit

ENVIRONMENT = Environment(
    autoescape=True,
    extensions=[CachedExtension],
    loader=DictLoader({"part.html": "{{ word }}"}),
    undefined=StrictUndefined,
)
ENVIRONMENT.globals["shout"] = str.upper

Values = Callable[[], dict[str, Any]]


def show(source: str, values: Values = dict, user: User | None = None) -> str:
    request = visit(user)
    with recorded(Recording()):
        given = {"request": request, "user": request.user, "csrf_token": "token"}
        return ENVIRONMENT.from_string(source).render({**given, **values()})


def fragment(body: str, *keys: str) -> str:
    named = ", ".join(["'it'", *keys])
    return f"{{% cached {named} %}}{body}{{% endcached %}}"


def people() -> dict[str, Any]:
    return {"people": User.objects.order_by("pk")}


LOOP = "{% for one in people %}{{ shout(one.first_name) }} {{ loop.index }} {% endfor %}"


@pytest.mark.usefixtures("ann")
def test_a_fragment_is_served_until_a_write(fragments: Fragments) -> None:
    assert [show(fragment(LOOP), people) for _ in range(2)] == ["ANN 1 "] * 2
    assert fragments.table("it").hits == 1

    User.objects.update(first_name="<b>")

    assert [show(fragment(LOOP), people) for _ in range(2)] == ["&lt;B&gt; 1 "] * 2


def plain() -> dict[str, Any]:
    return {"word": "secret", "mapping": {"a": 1}}


REFUSED = [
    "{{ word }}",
    "{{ mapping.a }}",
    "{{ mapping['a'] }}",
    "{{ user.username }}",
    "{{ request.user.pk }}",
    "{{ request.path }}",
    "{{ csrf_token }}",
    "{% include 'part.html' %}",
    "{% if word %}x{% endif %}",
    "{% set other = word %}{{ other }}",
    "{{ [1]|random }}",
    "{{ lipsum(n=0) }}",
    "{% macro twice() %}{{ word }}{% endmacro %}{{ twice() }}",
]


@pytest.mark.parametrize("body", REFUSED)
def test_what_isnt_named_is_never_shared(fragments: Fragments, body: str) -> None:
    with pytest.raises(FragmentError, match="doesn't name"):
        show(fragment(body), plain)
    fragments.strict = False
    assert [show(fragment(body), plain) for _ in range(2)] == [show(body, plain)] * 2
    assert fragments.table("it").hits == 0
    assert sum(fragments.table("it").bypasses.values()) == 2


def test_a_user_named_by_key_is_shared_with_themselves_alone(
    fragments: Fragments, ann: User, bob: User
) -> None:
    source = fragment("{% if user.is_authenticated %}{{ user.first_name }}{% endif %}", "user.pk")
    for user in (ann, bob, None) * 2:
        assert show(source, user=user) == (user.first_name if user else "")
    assert fragments.table("it").hits == 3


def test_a_value_under_the_name_of_a_global_has_to_be_named(fragments: Fragments) -> None:
    with pytest.raises(FragmentError, match="'shout'"):
        show(fragment("{{ shout }}"), lambda: {"shout": "secret"})
    fragments.strict = False
    words = ["ann's", "bob's"]
    assert [show(fragment("{{ shout }}"), lambda w=w: {"shout": w}) for w in words] == [
        "ann&#39;s",
        "bob&#39;s",
    ]


def test_parts_that_are_named_may_be_used(fragments: Fragments) -> None:
    source = fragment("{{ mapping.a }}{{ request.resolver_match }}", "mapping.a")
    values = [{"mapping": {"a": a}} for a in (1, 2, 1)]
    assert [show(source, lambda given=given: given) for given in values] == [
        "1None",
        "2None",
        "1None",
    ]
    assert fragments.table("it").hits == 1


def test_a_loop_around_names_each_of_its_rows(fragments: Fragments, ann: User, bob: User) -> None:
    source = f"{{% for one in people %}}{fragment('{{ one.first_name }}', 'one')}{{% endfor %}}"
    assert [show(source, people) for _ in range(2)] == ["AnnBob"] * 2
    assert fragments.table("it").hits == 2
    User.objects.filter(pk=bob.pk).update(first_name="New")
    assert show(source, people) == f"{ann.first_name}New"


def test_a_fragment_within_one_counts_for_the_outer(fragments: Fragments, ann: User) -> None:
    source = f"{{% cached 'out' %}}{fragment('{{ user.pk }}', 'user.pk')}{{% endcached %}}"
    with pytest.raises(FragmentError, match="'out'"):
        show(source, user=ann)
    assert fragments.table("out").hits == 0


def test_without_the_app_the_tag_renders_straight_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SWITCH, "on", False)
    assert ENVIRONMENT.from_string(fragment("{{ word }}")).render(plain()) == "secret"


def test_a_tag_without_a_key_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="names nothing"):
        ENVIRONMENT.from_string("{% cached %}{% endcached %}")
