"""What is served is what would be rendered: writes show at once, and nothing else costs a query."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.template import Context, Template

from slipstream.fragments.cache import Fragments
from slipstream.fragments.switch import SWITCH
from slipstream.generations import tags
from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache.clearing import clear

from .showing import ENGINE, show, shown, visit

PEOPLE = (
    "{% cached 'people' %}{% for one in people %}{{ one.first_name }} {% endfor %}{% endcached %}"
)


def people() -> dict[str, Any]:
    return {"people": User.objects.order_by("pk")}


@pytest.mark.usefixtures("ann")
def test_a_second_rendering_asks_the_database_nothing(fragments: Fragments) -> None:
    first, second = show(PEOPLE, people), show(PEOPLE, people)

    assert first.html == second.html == "Ann "
    assert (first.queries, second.queries) == (1, 0)
    assert fragments.table("people").hits == 1


def update(ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(first_name="New")


def save(ann: User) -> None:
    ann.first_name = "New"
    ann.save()


def sql(ann: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE auth_user SET first_name = 'New' WHERE id = %s", [ann.pk])


def insert(_ann: User) -> None:
    User.objects.create(username="bob", first_name="New")


def delete(ann: User) -> None:
    User.objects.filter(pk=ann.pk)._raw_delete("default")  # not all that it cascades to is there


@pytest.mark.parametrize("write", [update, save, sql, insert, delete])
def test_a_write_shows_at_once(ann: User, write: Callable[[User], None]) -> None:
    show(PEOPLE, people)
    write(ann)

    again = show(PEOPLE, people)

    assert again.html == "".join(f"{user.first_name} " for user in User.objects.order_by("pk"))
    assert again.html != "Ann "


def test_a_fragment_of_one_row_outlives_writes_of_others(ann: User, bob: User) -> None:
    source = "{% cached 'one' pk %}{{ people.get.first_name }}{% endcached %}"

    def one() -> dict[str, Any]:
        return {"pk": ann.pk, "people": User.objects.filter(pk=ann.pk)}

    show(source, one)
    User.objects.filter(pk=bob.pk).update(first_name="Other")
    assert show(source, one).queries == 0
    User.objects.filter(pk=ann.pk).update(first_name="New")
    assert show(source, one).html == "New"


OUTER = (
    "{% cached 'outer' %}{% for group in groups %}{{ group.name }}{% endfor %}:"
    "{% cached 'inner' %}{% for one in people %}{{ one.first_name }}{% endfor %}{% endcached %}"
    "{% endcached %}"
)


def both() -> dict[str, Any]:
    return {**people(), "groups": Group.objects.order_by("pk")}


@pytest.mark.parametrize("inner_first", [False, True])
def test_a_fragment_depends_on_those_in_it(ann: User, inner_first: bool) -> None:
    Group.objects.create(name="staff")
    if inner_first:  # it is a hit inside the outer one then
        show(OUTER, both)
        Group.objects.update(name="old")
    assert show(OUTER, both).html.endswith(":Ann")

    update(ann)

    assert show(OUTER, both).html.endswith(":New")
    Group.objects.update(name="crew")
    assert show(OUTER, both).html == "crew:New"


class Busy:
    """Its people are read twice, and somebody else writes in between."""

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = [fragments.database]

    def names(self) -> str:
        first = list(User.objects.values_list("first_name"))
        writer = self._fragments[0].writer
        writer.unmark(writer.mark(frozenset({tags.table("auth_user")})))
        return str(first + list(User.objects.values_list("first_name")))


def test_two_generations_of_one_table_are_not_stored(
    production: Fragments, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipstream.fragments.rendering.named_identities", lambda *_: ("busy", ""))
    source = "{% cached 'busy' busy %}{{ busy.names }}{% endcached %}"

    for _ in range(2):
        show(source, lambda: {"busy": Busy(production)})

    assert production.table("busy").bypasses == {"two generations of one table": 2}
    assert ann.first_name in show(source, lambda: {"busy": Busy(production)}).html


def test_a_transaction_on_sqlite_reads_past_the_cache(ann: User, fragments: Fragments) -> None:
    from django.db import transaction  # noqa: PLC0415

    show(PEOPLE, people)
    with transaction.atomic():
        update(ann)
        assert show(PEOPLE, people).html == "New "
        transaction.set_rollback(True)
    assert show(PEOPLE, people).html == "Ann "
    assert sum(fragments.table("people").bypasses.values()) == 1


def test_clearing_drops_fragments_too(ann: User) -> None:
    show(PEOPLE, people)
    clear()
    assert show(PEOPLE, people).queries > 0
    assert ann.first_name in show(PEOPLE, people).html


@pytest.mark.usefixtures("ann")
def test_another_process_learns_names_and_dependencies_with_a_round_trip_each(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(PEOPLE, people)
    asked: list[int] = []
    original = fragments.store.get_many
    monkeypatch.setattr(
        fragments.store, "get_many", lambda keys: asked.append(len(keys)) or original(keys)
    )
    fragments.copies.drop(next(reversed(fragments.dependencies)))
    fragments.dependencies.clear()
    fragments.names.clear()

    trips = []
    for _ in range(2):
        asked.clear()
        assert show(PEOPLE, people).queries == 0
        trips.append(len(asked))

    assert trips == [3, 1]


@pytest.mark.usefixtures("ann")
def test_forged_fragments_are_not_shown(fragments: Fragments) -> None:
    expected = show(PEOPLE, people).html
    key = next(reversed(fragments.dependencies))
    good = fragments.store.get_many([key])[key]
    forgeries = [good[:cut] for cut in range(0, len(good), 3)]
    forgeries += [bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]]) for at in range(len(good))]
    forgeries += [good.replace(b"Ann", b"Eve"), b"", b"\0" * 99]
    assert len(forgeries) > 80

    for forged in forgeries:
        fragments.store.set(key, forged, 60)
        fragments.copies.drop(key)
        assert show(PEOPLE, people).html == expected


@pytest.mark.usefixtures("ann")
def test_a_fragment_under_another_key_is_not_shown(fragments: Fragments) -> None:
    show(PEOPLE, people)
    mine = next(reversed(fragments.dependencies))
    show(PEOPLE.replace("'people'", "'others'").replace("first", "last"), people)
    other = next(reversed(fragments.dependencies))
    assert mine != other

    fragments.store.set(mine, fragments.store.get_many([other])[other], 60)
    fragments.copies.drop(mine)

    assert show(PEOPLE, people).html == "Ann "


@pytest.mark.usefixtures("ann")
def test_another_text_between_the_tags_is_another_fragment() -> None:
    show(PEOPLE, people)
    assert show(PEOPLE.replace("first_name", "username"), people).html == "ann "


def test_templates_that_fill_a_block_have_fragments_of_their_own(fragments: Fragments) -> None:
    for name in ("one", "two", "one", "two"):
        assert shown(ENGINE.get_template(f"{name}.html"), dict, visit()).html == name
    assert fragments.table("body").hits == 2


@pytest.mark.usefixtures("ann")
def test_without_a_cache_pages_are_rendered(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> Any:
        raise StoreUnavailable("away")

    show(PEOPLE, people)
    monkeypatch.setattr(fragments.store, "get_many", refuse)
    monkeypatch.setattr(fragments.store, "set", refuse)
    assert show(PEOPLE, people).html == "Ann "
    assert fragments.table("people").bypasses["the cache is down"] == 1


class Slow:
    """Takes until it is told to go on."""

    entered, release = threading.Event(), threading.Event()
    made = 0

    def text(self) -> str:
        Slow.made += 1
        self.entered.set()
        assert self.release.wait(10)
        return "made"


def test_one_of_many_renders_what_all_of_them_missed(fragments: Fragments) -> None:
    Slow.made = 0
    Slow.entered.clear()
    Slow.release.clear()
    source = ENGINE.from_string("{% cached 'slow' slow %}{{ slow.text }}{% endcached %}")

    def render() -> str:
        try:
            return shown(source, lambda: {"slow": Slow()}, visit()).html
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(render)
        assert Slow.entered.wait(10)
        others = [pool.submit(render) for _ in range(3)]
        Slow.release.set()
        assert {one.result(20) for one in [first, *others]} == {"made"}

    assert Slow.made == 1
    assert fragments.table("slow").hits == 3


def test_without_the_app_the_tag_renders_straight_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SWITCH, "on", False)
    template = Template(
        "{% load fragments %}{% cached 'x' %}{{ anything }}{% endcached %}", engine=ENGINE
    )
    assert template.render(Context({"anything": "yes"})) == "yes"
