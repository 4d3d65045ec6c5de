"""The people page: a hundred at a time, no one twice, no one left out.

Its queries are counted in test_campus_queries.py.
"""

import re
from html import unescape

import pytest
from django.core.exceptions import BadRequest
from django.db import connection
from django.test import Client

from campus.models import College, Dorm, Profile
from campus.paging import decode, encode
from campus.views.people import PEOPLE, search
from tests.unit.campus.crowd import make_people
from tests.unit.campus.html import Document

pytestmark = pytest.mark.django_db

NEXT = re.compile(r'rel="next" href="([^"]+)"')
FOUND = re.compile(r'<li class="person">.*?href="/people/([^/]+)/"', re.DOTALL)


def pages(client: Client, path: str = "/people/") -> list[list[str]]:
    """The user names on each page, following the links."""
    found = []
    while path:
        html = client.get(path).content.decode()
        found.append(FOUND.findall(html))
        link = NEXT.search(html)
        path = unescape(link[1]) if link else ""
    return found


def in_order(**filters: object) -> list[str]:
    rows = Profile.objects.filter(**filters).order_by("name", "pk")
    return list(rows.values_list("user__username", flat=True))


@pytest.mark.parametrize("total", [1, 100, 101, 200, 250])
def test_pages_hold_everybody_once_and_in_order(total: int, client: Client) -> None:
    client.force_login(make_people(total)[0].user)

    found = pages(client)

    assert [name for page in found for name in page] == in_order()
    assert [len(page) for page in found[:-1]] == [PEOPLE] * (len(found) - 1)
    assert found[-1], "a last page that is empty"


def test_somebody_who_joins_meanwhile_moves_nobody(client: Client) -> None:
    client.force_login(make_people(150)[0].user)
    everybody = in_order()
    link = unescape(NEXT.search(client.get("/people/").content.decode())[1])  # type: ignore[index]
    newcomer = make_people(1, "newcomer")[0]
    Profile.objects.filter(pk=newcomer.pk).update(name=" first of all")

    second = FOUND.findall(client.get(link).content.decode())

    assert second == everybody[PEOPLE:]


def test_item_shows_thumb_name_year_major_college_and_dorm(student: Client, me: Profile) -> None:
    html = Document(student.get("/people/?q=zoë").content.decode())

    parts = html.parts[html.parts.index(("li", {"class": "person"})) :]
    item = parts[: parts.index("/li")]
    assert ("img", item[1][1] | {"src": me.thumb, "alt": ""}) == item[1]  # type: ignore[index]
    assert {"Zoë O'Brien", "Anthropology, class of 2027", "North, Ashmere"} <= {
        part for part in item if isinstance(part, str)
    }


@pytest.mark.parametrize("name", ["college", "dorm", "class_year", "major"])
def test_filter_shows_those_who_fit_and_only_them(name: str, student: Client, me: Profile) -> None:
    value = getattr(me, f"{name}_id", None) or getattr(me, name)

    found = pages(student, f"/people/?{name}={value}")

    assert [user for page in found for user in page] == in_order(**{name: value})
    assert 0 < sum(map(len, found)) < Profile.objects.count()


def test_filters_and_search_narrow_together_on_every_page(client: Client) -> None:
    people = make_people(1300)
    client.force_login(people[0].user)
    college = people[0].college_id

    found = pages(client, f"/people/?college={college}&q=LOVE")

    expected = in_order(college=college, name__icontains="love")
    assert [user for page in found for user in page] == expected
    assert len(found) > 1


def test_search_finds_the_middle_of_a_name_whatever_its_case(student: Client) -> None:
    html = student.get("/people/?q=LoVeL").content.decode()

    assert (
        html.count('class="person"') == Profile.objects.filter(name__iexact="ada lovelace").count()
    )


@pytest.mark.parametrize("wild", ["%", "_", "\\", "'", "100%"])
def test_search_takes_wildcards_literally(wild: str, student: Client) -> None:
    expected = [name for name in Profile.objects.values_list("name", flat=True) if wild in name]

    html = student.get("/people/", {"q": wild}).content.decode()

    assert html.count('class="person"') == len(expected[:PEOPLE])


def test_filters_offer_every_college_and_dorm_and_keep_the_choice(student: Client) -> None:
    dorm = Dorm.objects.order_by("pk")[2]

    html = Document(
        student.get(f"/people/?college={dorm.college_id}&dorm={dorm.pk}").content.decode()
    )

    values = {option["value"] for option in html.all("option")}
    assert {str(pk) for pk in College.objects.values_list("pk", flat=True)} <= values
    assert {str(pk) for pk in Dorm.objects.values_list("pk", flat=True)} <= values
    chosen = [option["value"] for option in html.all("option") if "selected" in option]
    assert chosen == [str(dorm.college_id), str(dorm.pk)]


@pytest.mark.parametrize(
    "query", ["college=x", "dorm=-1", "class_year=12", "major=magic", f"college={10**30}", "q=%00"]
)
def test_impossible_filter_is_named_and_left_out(query: str, student: Client) -> None:
    response = student.get(f"/people/?{query}")

    assert response.status_code == 200
    html = response.content.decode()
    assert "These filters were left out" in html
    assert html.count('class="person"') == PEOPLE


def test_nobody_found_is_said(student: Client) -> None:
    assert "Nobody fits" in student.get("/people/?q=xyzzy").content.decode()


@pytest.mark.parametrize("value", ["", "O'Brien", "Zoë ☃", 'a"b<c>', "x" * 80])
def test_cursor_survives_the_way_through_a_link(value: str) -> None:
    assert decode(encode(value, 2**63 - 1)) == (value, 2**63 - 1)


@pytest.mark.parametrize(
    "cursor",
    ["zzz", "é", "WyJhIl0", encode("a\0", 1), encode("a", 2**63), encode("a", -1), "bnVsbA", "MQ"],
)
def test_cursor_that_is_not_ours_is_refused(cursor: str, student: Client) -> None:
    with pytest.raises(BadRequest, match="no cursor of this list"):
        decode(cursor)
    assert student.get("/people/", {"after": cursor}).status_code == 400


@pytest.mark.parametrize(
    "filters", [{}, {"college": 1}, {"dorm": 1}, {"major": "music"}, {"class_year": 2027}]
)
def test_a_page_is_read_from_an_index_in_order(filters: dict[str, object]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's plan")

    plan = search(filters).order_by("name", "pk")[:101].explain()

    assert "TEMP B-TREE" not in plan, plan
    assert f"profile_{next(iter(filters), 'name')}" in plan, plan
