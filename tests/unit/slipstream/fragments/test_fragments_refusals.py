"""What a fragment may use, and that it is never shared where it depends on anything else."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import Count
from django.template import TemplateSyntaxError
from django.test import override_settings
from django.utils import translation

from slipstream.fragments.cache import Fragments
from slipstream.fragments.errors import FragmentError

from .showing import ENGINE, Values, show


def fragment(body: str, *keys: str) -> str:
    named = " ".join(["'it'", *keys])
    return f"{{% load i18n ours %}}{{% cached {named} %}}{body}{{% endcached %}}"


def plain() -> dict[str, Any]:
    return {"word": "secret", "number": 5, "function": lambda: "secret", "mapping": {"a": 1}}


def unsaved() -> dict[str, Any]:
    return {"person": User(username="made", first_name="up")}


REFUSED: dict[str, tuple[str, Values]] = {
    "a text": ("{{ word }}", plain),
    "a number": ("{{ number }}", plain),
    "a function": ("{{ function }}", plain),
    "a part of a dictionary": ("{{ mapping.a }}", plain),
    "a condition": ("{% if word == 'secret' %}x{% endif %}", plain),
    "a condition of several": ("{% if number > 3 and word %}x{% endif %}", plain),
    "a hand-made instance": ("{{ person.first_name }}", unsaved),
    "the user": ("{{ user }}", dict),
    "a part of the user": ("{% if user.is_authenticated %}x{% endif %}", dict),
    "the user of the request": ("{{ request.user.username }}", dict),
    "the user by a tag": ("{% visitor %}", dict),
    "the session": ("{{ request.session.cart }}", dict),
    "the address": ("{{ request.path }}", dict),
    "permissions": ("{{ perms.auth.add_user }}", dict),
    "messages": ("{% for one in messages %}{{ one }}{% endfor %}", dict),
    "the CSRF token": ("{% csrf_token %}", dict),
    "the clock": ("{% now 'Y' %}", dict),
    "time since": ("{{ ''|timesince }}", dict),
    "chance": ("{{ 'a'|make_list|random }}", dict),
    "words by chance": ("{% lorem 0 w random %}", dict),
    "every value": ("{% everything %}", plain),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.usefixtures("fragments")
def test_what_isnt_named_is_an_error_in_development(what: str) -> None:
    body, values = REFUSED[what]
    with pytest.raises(FragmentError, match=r"'it' depends on .*doesn't name: "):
        show(fragment(body), values)


@pytest.mark.parametrize("what", REFUSED)
def test_what_isnt_named_is_rendered_and_not_stored_in_production(
    production: Fragments, what: str
) -> None:
    body, values = REFUSED[what]
    plain_html = show(f"{{% load i18n ours %}}{body}", values).html

    for _ in range(2):
        html = show(fragment(body), values).html
        assert html == plain_html or "csrf" in html

    assert production.table("it").hits == 0
    assert sum(production.table("it").bypasses.values()) == 2


def test_two_visitors_never_see_each_others_fragment(
    production: Fragments, ann: User, bob: User
) -> None:
    source = fragment("{{ user.first_name }} {{ request.user.pk }}")
    for user in (ann, bob, ann, bob):
        assert show(source, user=user).html == f"{user.first_name} {user.pk}"
    assert production.table("it").hits == 0


USER = "{% if user.is_authenticated %}{{ user.first_name }}{% else %}nobody{% endif %}"


def test_a_user_named_by_key_is_shared_with_themselves_alone(
    fragments: Fragments, ann: User, bob: User
) -> None:
    source = fragment(USER, "user.pk")
    for user in (ann, bob, None) * 2:
        assert show(source, user=user).html == (user.first_name if user else "nobody")
    assert fragments.table("it").hits == 3

    User.objects.filter(pk=ann.pk).update(first_name="New")

    assert show(source, user=ann).html == "New"


def test_only_the_parts_of_a_value_that_are_named_may_be_used(fragments: Fragments) -> None:
    source = fragment("{{ request.GET.q }}", "request.GET.q")
    assert [show(source, path=f"/?q={q}").html for q in "aba"] == ["a", "b", "a"]
    assert fragments.table("it").hits == 1
    with pytest.raises(FragmentError, match=r"add request\.path to the tag"):
        show(fragment("{{ request.path }}", "request.GET.q"))


@pytest.mark.parametrize(
    "source",
    [
        fragment("{{ person.first_name }}"),
        fragment("{{ person.first_name }}", "person"),
        fragment("{{ person.first_name }}", "person.pk"),
        fragment("{% named person %}"),
        "{% for one in everybody %}{% cached 'it' one %}{{ one.first_name }}{% endcached %}{% endfor %}",
    ],
)
def test_an_object_that_a_view_has_read_is_told_from_others(
    fragments: Fragments, ann: User, bob: User, source: str
) -> None:
    source = f"{{% load ours %}}{source}"
    for user in (ann, bob, ann):

        def read(user: User = user) -> dict[str, Any]:
            person = User.objects.get(pk=user.pk)
            return {"person": person, "everybody": [person]}

        assert show(source, read).html == user.first_name
    assert fragments.table("it").hits == 1

    User.objects.filter(pk=ann.pk).update(first_name="New")
    assert (
        show(source, lambda: {"person": (u := User.objects.get(pk=ann.pk)), "everybody": [u]}).html
        == "New"
    )


def test_the_same_row_with_other_columns_is_another_value(ann: User) -> None:
    source = fragment("{{ person.groups_count }}{{ person.rank }}")
    people = User.objects.filter(pk=ann.pk).annotate(groups_count=Count("groups"))

    assert show(source, lambda: {"person": people.get()}).html == "0"
    assert (
        show(source, lambda: {"person": User.objects.extra(select={"rank": "7"}).get()}).html == "7"
    )


@pytest.mark.usefixtures("ann", "bob")
def test_querysets_are_told_by_their_sql(fragments: Fragments) -> None:
    source = fragment("{% for one in people %}{{ one.first_name }}{% endfor %}")
    found = [
        show(source, lambda name=name: {"people": User.objects.filter(username=name)})
        for name in ("ann", "bob", "ann", "bob")
    ]

    assert [one.html for one in found] == ["Ann", "Bob", "Ann", "Bob"]
    assert [one.queries for one in found] == [1, 1, 0, 0]
    assert fragments.table("it").hits == 2


@pytest.mark.usefixtures("ann", "bob")
def test_an_evaluated_list_of_rows_is_told_by_its_content() -> None:
    source = fragment("{% for one in people %}{{ one.first_name }}{% endfor %}")
    for order in ("pk", "-pk", "pk"):
        html = show(source, lambda order=order: {"people": list(User.objects.order_by(order))}).html
        assert html == "".join(user.first_name for user in User.objects.order_by(order))


def test_a_branch_that_uses_more_makes_that_part_of_the_key(ann: User, bob: User) -> None:
    source = fragment(
        "{% if first.first_name == 'Ann' %}{{ first.pk }}{% else %}{{ second.pk }}{% endif %}"
    )
    for one, other in [(ann, bob), (bob, ann), (bob, bob), (ann, ann), (bob, ann)]:

        def read(one: User = one, other: User = other) -> dict[str, Any]:
            return {"first": User.objects.get(pk=one.pk), "second": User.objects.get(pk=other.pk)}

        assert show(source, read).html == str(one.pk if one == ann else other.pk)


@pytest.mark.usefixtures("ann")
def test_what_a_fragment_sets_itself_is_free(fragments: Fragments) -> None:
    source = fragment(
        "{% with x=2 %}{{ x }}{% for n in '12'|make_list %}{{ n }}{% endfor %}{% endwith %}"
    )
    assert [show(source).html for _ in range(2)] == ["212", "212"]
    assert fragments.table("it").hits == 1


@pytest.mark.usefixtures("ann", "bob")
def test_turns_of_a_loop_around_it_are_never_shared(production: Fragments) -> None:
    turn = fragment("{{ one.pk }}{% cycle 'a' 'b' %}", "one")
    source = f"{{% for one in people %}}{turn}{{% endfor %}}"
    for order in ("pk", "-pk"):
        first, second = User.objects.order_by(order)
        html = show(source, lambda order=order: {"people": User.objects.order_by(order)}).html
        assert html == f"{first.pk}a{second.pk}b"
    assert production.table("it").bypasses == {"depends on the turns of a loop around it": 4}


@pytest.mark.usefixtures("ann", "bob")
def test_turns_of_a_loop_within_it_are_free(fragments: Fragments) -> None:
    source = fragment("{% for one in people %}{% cycle 'a' 'b' %}{% endfor %}")
    for _ in range(2):
        assert show(source, lambda: {"people": User.objects.all()}).html == "ab"
    assert fragments.table("it").hits == 1


def test_a_fragment_within_one_is_held_to_the_outer_key_too(
    ann: User, production: Fragments
) -> None:
    source = (
        "{% cached 'out' %}{% cached 'in' user.pk %}{{ user.pk }}{% endcached %}{% endcached %}"
    )
    other = User.objects.create(username="eve")
    for user in (ann, other, ann):
        assert show(source, user=user).html == str(user.pk)
    assert (production.table("out").hits, production.table("in").hits) == (0, 1)


@pytest.mark.usefixtures("ann")
def test_an_object_of_a_read_that_nobody_follows_has_to_be_named() -> None:
    def read() -> dict[str, Any]:
        return {"person": User.objects.raw("SELECT * FROM auth_user")[0]}

    with pytest.raises(FragmentError):
        show(fragment("{{ person.first_name }}"), read)
    assert show(fragment("{{ person.first_name }}", "person"), read).html == "Ann"


@pytest.mark.usefixtures("fragments")
def test_a_value_without_content_cant_be_named() -> None:
    for name in ("lines", "request", "request.session"):
        with pytest.raises(FragmentError, match=f"'{name}' can't name"):
            show(fragment("x", name), lambda: {"lines": iter("ab")})


def test_a_value_without_content_is_rendered_past_the_cache_in_production(
    production: Fragments,
) -> None:
    lines = fragment("{% for one in lines %}{{ one }}{% endfor %}", "lines")
    for _ in range(2):
        assert show(lines, lambda: {"lines": iter("ab")}).html == "ab"
    assert production.table("it").bypasses == {"a key without content": 2}


@pytest.mark.usefixtures("fragments")
def test_a_tag_without_a_key_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="names nothing"):
        ENGINE.from_string("{% cached %}{% endcached %}")


@pytest.fixture
def translating(fragments: Fragments) -> Any:  # noqa: ARG001
    from slipstream.fragments import instruments  # noqa: PLC0415

    with override_settings(USE_I18N=True):
        vars(translation._trans).clear()  # type: ignore[attr-defined]
        instruments.uninstall()
        instruments.install()
        yield
        instruments.uninstall()
        vars(translation._trans).clear()  # type: ignore[attr-defined]
    instruments.install()


@pytest.mark.usefixtures("translating")
def test_a_translated_text_needs_the_language_named() -> None:
    body = "{% translate 'Monday' %}"
    with pytest.raises(FragmentError, match="the language"):
        show(fragment(body))
    seen = []
    for code in ("de", "fr", "de"):
        with translation.override(code):
            seen.append(
                show(
                    fragment(body, "LANGUAGE_CODE"), lambda code=code: {"LANGUAGE_CODE": code}
                ).html
            )
    assert seen == ["Montag", "lundi", "Montag"]


@pytest.mark.usefixtures("translating")
def test_languages_are_kept_apart_whether_named_or_not(production: Fragments) -> None:
    for code in ("de", "en", "de"):
        with translation.override(code):
            html = show(fragment("{{ 1.5 }}")).html
        assert html == ("1,5" if code == "de" else "1.5")
    assert production.table("it").hits == 1


def test_the_counter_says_what_a_fragment_depends_on(production: Fragments) -> None:
    show(fragment("{{ word }}"), plain)
    assert production.table("it").bypasses == {"depends on the value 'word'": 1}


def test_groups_and_users_change_together(ann: User) -> None:
    group = Group.objects.create(name="staff")
    ann.groups.add(group)
    source = fragment("{% for one in person.groups.all %}{{ one.name }}{% endfor %}", "person.pk")

    def read() -> dict[str, Any]:
        return {"person": User.objects.get(pk=ann.pk)}

    assert show(source, read).html == "staff"
    Group.objects.update(name="crew")
    assert show(source, read).html == "crew"
