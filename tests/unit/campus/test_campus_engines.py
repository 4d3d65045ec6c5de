"""Django's templates and their Jinja2 twins make the same pages.

That the pages are right is tested in test_campus_pages.py.
"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from campus.models import Profile
from tests.unit.campus.html import Document, without_tokens

pytestmark = pytest.mark.django_db

JINJA2: dict[str, Any] = {
    "BACKEND": "django.template.backends.jinja2.Jinja2",
    "APP_DIRS": True,
    "OPTIONS": {"environment": "campus.jinja_env.environment"},
}
PATHS = [
    "/dashboard/",
    "/people/",
    "/people/?q=b&class_year=12&major=magic",
    "/people/?q=%22%3Cb%3E%27&college=2&dorm=3",
    "/people/?q=%00&college=x",
    "/people/?major=music&class_year=2027",
    "/people/person0000/",
    "/people/person0003/",
    "/people/person0099/",
]


@pytest.fixture
def jinja2_first(settings: Any) -> Any:
    """Call it to let the Jinja2 templates, where there are such, take over."""

    def switch() -> None:
        settings.DEBUG = True  # Jinja2 then shows whatever is undefined, where Django shows nothing
        options = settings.TEMPLATES[0]["OPTIONS"]["context_processors"]
        ours = JINJA2 | {"OPTIONS": JINJA2["OPTIONS"] | {"context_processors": options}}
        settings.TEMPLATES = [ours, *settings.TEMPLATES]

    return switch


def both(client: Client, path: str, jinja2_first: Any) -> tuple[list[object], list[object]]:
    plain = client.get(path)
    jinja2_first()
    twin = client.get(path)
    assert plain.templates, "Django's engine was not asked"
    assert not twin.templates, "the twin was rendered by Django's engine"
    pages = [Document(response.content.decode()).parts for response in (plain, twin)]
    first, second = (list(without_tokens(page)) for page in pages)
    return first, second


@pytest.mark.parametrize("path", PATHS)
def test_engines_agree(path: str, student: Client, jinja2_first: Any) -> None:
    django, jinja2 = both(student, path, jinja2_first)

    assert jinja2 == django
    assert "token" in django, "the way out is missing"


def test_engines_agree_for_a_user_without_profile(client: Client, jinja2_first: Any) -> None:
    client.force_login(User.objects.create_user("new@comer"))

    django, jinja2 = both(client, "/dashboard/", jinja2_first)

    assert jinja2 == django


def test_jinja2_shows_messages_too(student: Client, me: Profile, jinja2_first: Any) -> None:
    jinja2_first()
    form = {"name": "<i>", "class_year": 2028, "major": "music"}
    form |= {"college": me.college_id, "dorm": me.dorm_id}

    html = student.post("/profile/edit/", form, follow=True).content.decode()

    assert "Your profile is saved." in html
    assert "<i>" not in html


def test_pages_without_a_twin_stay_with_django(student: Client, jinja2_first: Any) -> None:
    jinja2_first()

    assert student.get("/profile/edit/").templates
