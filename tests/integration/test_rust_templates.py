"""The engine in Rust makes the same HTML of every page that Django's makes: the sample's, and the admin's."""

import re
from collections.abc import Iterator

import requests

from .replica import Replica

TOKEN = re.compile(r'csrfmiddlewaretoken" value="[^"]+')
PAGES = (
    *("/", "/login/", "/colleges/", "/dashboard/", "/people/", "/people/?q=a&class_year=2027"),
    *("/people/?q=%22%3Cb%3E", "/people/student000003/", "/profile/edit/", "/posts/new/", "/none/"),
)
ADMIN = (
    *("/admin/", "/admin/campus/", "/admin/password_change/", "/admin/auth/group/add/"),
    *("/admin/auth/user/", "/admin/auth/user/?q=a&o=2", "/admin/auth/user/add/"),
    *("/admin/auth/user/1/change/", "/admin/auth/user/1/delete/", "/admin/auth/user/1/history/"),
    *("/admin/auth/user/1/password/", "/admin/campus/college/", "/admin/campus/college/1/change/"),
    *("/admin/campus/dorm/?e=1", "/admin/campus/post/", "/admin/campus/post/add/"),
    *("/admin/campus/profile/", "/admin/campus/profile/1/change/", "/admin/campus/comment/"),
)
MAKE_ADMIN = (
    "UPDATE auth_user SET is_staff = {0}, is_superuser = {0} WHERE username = 'student000000'"
)


def shown(replica: Replica, visitors: list[requests.Session]) -> Iterator[tuple[str, int, str]]:
    """What every visitor sees of every page, tokens aside."""
    for visitor in visitors:
        for page in (*PAGES, *ADMIN):
            answer = replica.get(page, visitor)
            yield page, answer.status_code, TOKEN.sub("", answer.text)


def test_rust_renders_what_django_renders(replica: Replica) -> None:
    replica.up([])
    visitors = [requests.Session(), replica.login(0), replica.login(1)]
    with replica.database(role="app") as connection:
        connection.execute(MAKE_ADMIN.format(True))
        try:
            django = list(shown(replica, visitors))
            replica.up(["rust-templates"])
            assert replica.optimizations()["probes"]["rust-templates"]["in_force"]
            rust = list(shown(replica, visitors))
        finally:
            connection.execute(MAKE_ADMIN.format(False))

    assert [one[:2] for one in rust] == [one[:2] for one in django]
    assert [
        page for (page, *seen), (_, *other) in zip(rust, django, strict=True) if seen != other
    ] == []
    assert sum(status == 200 for _, status, _ in rust) > len(PAGES) + len(ADMIN)
