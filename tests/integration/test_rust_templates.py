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


FRAGMENTS = """
from django.template import engines

from slipstream.fragments.cache import current_fragments
from slipstream.fragments.errors import FragmentError

current_fragments().strict = True
engine = engines["django"]
for body in {bodies!r}:
    text = "{{% load fragments %}}{{% cached 'x' named %}}" + body + "{{% endcached %}}"
    template = engine.from_string(text)
    try:
        print(template.render({{"named": [1], "other": 2}}))
    except FragmentError:
        print("refused")
"""
FOLLOWED = ("{{ named|first }}", "{% for one in named %}{{ one }}{% endfor %}")
NOT_FOLLOWED = (
    *('{% now "U" %}', "{{ named|random }}", "{% lorem 2 w random %}", "{% cycle 1 2 %}"),
    *('{% include "campus/_fields.html" %}', "{% if named|random %}a{% endif %}", "{{ other }}"),
)


def test_rust_shares_no_fragment_that_it_can_not_follow(replica: Replica) -> None:
    replica.up(["rust-templates", "fragment-cache"])
    code = FRAGMENTS.format(bodies=FOLLOWED + NOT_FOLLOWED)
    shell = ("python", "manage.py", "shell", "--no-imports", "--command", code)
    said = replica.compose("exec", "-T", "web", *shell).stdout.splitlines()
    assert said == ["1"] * len(FOLLOWED) + ["refused"] * len(NOT_FOLLOWED)
