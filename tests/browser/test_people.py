"""Searching people: pages of a hundred, filters, and the link to the next page."""

import pytest

from .conftest import USERS
from .visitor import Visitor

NAMES = ".people .person a"


def found(visitor: Visitor) -> list[str]:
    return [str(link.get_attribute("href")) for link in visitor.all(NAMES)]


@pytest.fixture
def people(student: Visitor) -> Visitor:
    student.follow("People")
    return student


def test_page_of_people_has_a_hundred_of_them(people: Visitor) -> None:
    assert len(found(people)) == 100


def test_next_page_goes_on_without_duplicates(people: Visitor) -> None:
    first = found(people)
    people.follow("Next page")
    second = found(people)
    assert len(second) == USERS - 100
    assert len({*first, *second}) == USERS
    assert people.all("a[rel=next]") == []


def test_search_by_name_shows_only_names_that_fit(people: Visitor) -> None:
    last_name = people.texts(NAMES)[0].split()[-1]
    people.fill(q=last_name.upper())
    people.press("Search")
    names = people.texts(NAMES)
    assert 1 <= len(names) < 100
    assert all(last_name.lower() in name.lower() for name in names)
    assert people.one("[name=q]").get_attribute("value") == last_name.upper()


def test_filters_narrow_the_search_and_stay_chosen(people: Visitor) -> None:
    people.choose("major", "History")
    people.press("Search")
    studies = people.texts(".person span:not(.quiet)")
    assert 1 <= len(studies) < 100
    assert all(text.startswith("History, class of") for text in studies)
    assert people.one("[name=major]").get_attribute("value") == "history"


def test_search_without_a_hit_says_so_and_leads_back(people: Visitor) -> None:
    people.fill(q="nobody is called this")
    people.press("Search")
    assert found(people) == []
    people.follow("Show everybody")
    assert len(found(people)) == 100
