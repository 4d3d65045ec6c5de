"""Each page asks the database what pages.py says, and nothing else.

What a page shows is tested in test_campus_pages.py.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campus.models import Post, Profile
from tests.unit.campus.pages import PAGES, SESSION_AND_USER, Page

pytestmark = pytest.mark.django_db

TRANSACTIONS = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


def statements(action: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        action()
    sql = [query["sql"] for query in captured.captured_queries]
    return [statement for statement in sql if not statement.startswith(TRANSACTIONS)]


def split(found: list[str]) -> tuple[list[str], list[str]]:
    """(statements for the session and the user, the page's own)"""
    first = [f'FROM "{table}"' for table in SESSION_AND_USER]
    assert all(part in statement for part, statement in zip(first, found, strict=False)), found
    return found[:2], found[2:]


@pytest.mark.parametrize("page", [page for page in PAGES if page.login], ids=lambda page: page.name)
def test_logged_in_page_asks_for_session_and_user_and_its_own(page: Page, student: Client) -> None:
    path = page.path.replace("/1/", f"/{Post.objects.values_list('pk', flat=True)[0]}/")

    found = statements(lambda: _status(student, path, page))

    login, own = split(found)
    assert (len(login), len(own)) == (2, page.queries), "\n".join(found)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if not page.login], ids=lambda page: page.name
)
@pytest.mark.usefixtures("people")
def test_public_page_asks_for_neither_session_nor_user(page: Page, client: Client) -> None:
    found = statements(lambda: _status(client, page.path, page))

    assert len(found) == page.queries, "\n".join(found)


def _status(client: Client, path: str, page: Page) -> None:
    assert client.get(path).status_code == page.status


def test_colleges_is_one_query_even_for_somebody_logged_in(student: Client) -> None:
    found = statements(lambda: student.get("/colleges/"))

    assert len(found) == 1
    assert "college" in found[0]


def test_colleges_is_the_same_for_everybody(student: Client) -> None:
    response = student.get("/colleges/")

    assert response.content == Client().get("/colleges/").content
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies


def test_more_people_cost_no_more_queries(student: Client) -> None:
    many = statements(lambda: student.get("/people/"))
    Profile.objects.filter(pk__in=Profile.objects.order_by("-pk")[:125]).delete()
    few = statements(lambda: student.get("/people/"))

    assert len(many) == len(few)


def test_writing_a_post_looks_for_the_profile_and_inserts(student: Client) -> None:
    _, own = split(statements(lambda: student.post("/posts/new/", {"body": "Hello"})))

    assert [sql.split()[0] for sql in own] == ["SELECT", "INSERT"]


def test_commenting_looks_for_profile_and_post_and_inserts(student: Client) -> None:
    path = f"/posts/{Post.objects.values_list('pk', flat=True)[0]}/comments/"

    _, own = split(statements(lambda: student.post(path, {"body": "Hello"})))

    assert [sql.split()[0] for sql in own] == ["SELECT", "SELECT", "INSERT"]


def test_saving_a_profile_updates_it_once(student: Client, me: Profile) -> None:
    form = {"name": "New", "class_year": 2028, "major": "music"}
    form |= {"college": me.college_id, "dorm": me.dorm_id}

    _, own = split(statements(lambda: student.post("/profile/edit/", form)))

    # The profile; the college and the dorm chosen, by the form and by the model; the class year's
    # constraint.
    assert [sql.split()[0] for sql in own] == ["SELECT"] * 6 + ["UPDATE"]


def test_logging_in_reads_the_user_and_writes_the_session(client: Client) -> None:
    User.objects.create_user("somebody", password="a good secret")
    form = {"username": "somebody", "password": "a good secret"}

    found = statements(lambda: client.post("/login/", form))

    # The user; a free session key, taken at once against session fixation; last_login; the session.
    assert [sql.split()[0] for sql in found] == ["SELECT", "SELECT", "INSERT", "UPDATE", "UPDATE"]
