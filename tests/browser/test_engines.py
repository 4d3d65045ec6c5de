"""The same pages by both template engines: a visitor can't tell which one rendered them."""

import pytest

from slipstream.optimizations import recommended, select
from tests.integration.replica import Replica, assert_reports

from .conftest import bring_to
from .visitor import Visitor

PAGES = ("/people/", "/people/?q=an", "/dashboard/", "/people/student000004/")


@pytest.fixture
def by_django(site: Replica, student: Visitor) -> dict[str, str]:
    assert_reports(site, recommended())
    return shown(student)


def test_pages_show_the_same_text_with_jinja2(
    by_django: dict[str, str], site: Replica, visitor: Visitor
) -> None:
    names = select((*recommended(), "jinja2"))
    bring_to(site, names)
    assert_reports(site, names)
    assert shown(visitor) == by_django


def shown(visitor: Visitor) -> dict[str, str]:
    texts = {}
    for path in PAGES:
        visitor.open(path)
        texts[path] = visitor.driver.title + "\n" + visitor.one("body").text
    return texts
