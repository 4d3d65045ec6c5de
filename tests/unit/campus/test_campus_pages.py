"""What the pages show, who may do what on them, and that anybody can use them.

The people page has a file of its own.
"""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from campus.models import Comment, Friendship, Post, Profile
from campus.views.dashboard import POSTS
from campus.views.posts import COMMENTS
from tests.unit.campus.crowd import make_people
from tests.unit.campus.html import Document
from tests.unit.campus.pages import PAGES

pytestmark = pytest.mark.django_db

FOR_STUDENTS = [
    "/dashboard/",
    "/people/",
    "/people/person0000/",
    "/profile/edit/",
    "/posts/new/",
    "/posts/1/",
]


@pytest.mark.parametrize("path", FOR_STUDENTS)
def test_stranger_is_sent_to_log_in_and_back(path: str, client: Client) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={path}"


def test_logging_in_and_out(client: Client) -> None:
    User.objects.create_user("somebody", password="a good secret")
    form = {"username": "somebody", "password": "a good secret"}

    assert client.post("/login/", form)["Location"] == "/dashboard/"
    assert client.get("/")["Location"] == "/dashboard/"
    assert client.post("/logout/")["Location"] == "/"
    assert client.get("/dashboard/").status_code == 302


def test_wrong_password_is_said_and_logs_nobody_in(client: Client) -> None:
    response = client.post("/login/", {"username": "somebody", "password": "wrong"})

    assert "correct username and password" in response.content.decode()
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize(
    "path", ["/login/", "/logout/", "/posts/new/", "/profile/edit/", "/posts/1/comments/"]
)
def test_post_without_its_token_is_refused(path: str, me: Profile) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(me.user)

    assert strict.post(path, {"body": "forged"}).status_code == 403
    assert not Post.objects.filter(body="forged").exists()


def test_dashboard_shows_the_newest_posts_of_friends_only(
    student: Client, people: list[Profile]
) -> None:
    strangers = Post.objects.create(author=people[60], body="From a stranger")
    newest = Post.objects.create(author=people[5], body="From a friend")

    posts = list(student.get("/dashboard/").context["news"].posts)

    assert posts[0] == newest
    assert strangers not in posts
    assert len(posts) == POSTS
    assert [post.comments_count for post in posts] == [0] + [7] * (POSTS - 1)


def test_profile_shows_friends_and_posts_with_their_newest_comments(student: Client) -> None:
    shown = student.get("/people/person0000/").context["shown"]

    assert len(shown.friends) == 12
    assert len(shown.posts) == 10
    for post in shown.posts:
        newest = post.comments.order_by("-pk")[:5]
        assert post.newest_comments == list(newest)


@pytest.mark.parametrize(
    "path", ["/people/nobody/", "/people/a%00b/", "/posts/0/", f"/posts/{10**30}/"]
)
def test_what_does_not_exist_is_not_found(path: str, student: Client) -> None:
    assert student.get(path).status_code == 404


def test_one_edits_ones_own_profile_and_no_other(
    student: Client, me: Profile, people: list[Profile]
) -> None:
    before = list(Profile.objects.exclude(pk=me.pk).order_by("pk").values())
    form = {"name": "New Name", "class_year": 2030, "major": "music", "about": "Hello"}
    form |= {"college": me.college_id, "dorm": me.dorm_id, "user": people[1].pk, "pk": people[1].pk}

    response = student.post("/profile/edit/", form)

    assert response["Location"] == "/people/person0000/"
    me.refresh_from_db()
    assert (me.name, me.class_year, me.major, me.about) == ("New Name", 2030, "music", "Hello")
    assert list(Profile.objects.exclude(pk=me.pk).order_by("pk").values()) == before
    assert "Your profile is saved." in student.get("/people/person0000/").content.decode()


def test_edit_is_offered_on_ones_own_profile_only(student: Client) -> None:
    assert "/profile/edit/" in student.get("/people/person0000/").content.decode()
    assert "/profile/edit/" not in student.get("/people/person0001/").content.decode()


def test_dorm_of_another_college_is_refused(
    student: Client, me: Profile, people: list[Profile]
) -> None:
    other = next(one for one in people if one.college_id != me.college_id)
    form = {"name": "N", "class_year": 2030, "major": "music"}
    form |= {"college": me.college_id, "dorm": other.dorm_id}

    html = student.post("/profile/edit/", form).content.decode()

    assert "is not a dorm of" in html
    me.refresh_from_db()
    assert me.name != "N"


def test_new_post_is_the_writers_and_escaped(student: Client, me: Profile) -> None:
    body = "<script>alert(1)</script>\nsecond line"

    response = student.post("/posts/new/", {"body": body, "author": me.pk + 1}, follow=True)

    assert Post.objects.latest("pk").author == me
    assert "<script>" not in response.content.decode()


def test_comment_appears_under_its_post(student: Client) -> None:
    post = Post.objects.create(author=Profile.objects.latest("pk"), body="Anybody there?")

    response = student.post(f"/posts/{post.pk}/comments/", {"body": "Here!"}, follow=True)

    assert [comment.body for comment in response.context["comments"]] == ["Here!"]


def test_empty_comment_is_refused_with_the_reason(student: Client) -> None:
    post = Post.objects.latest("pk")
    before = Comment.objects.count()

    response = student.post(f"/posts/{post.pk}/comments/", {"body": " "})

    assert response.status_code == 422
    assert "This field is required" in response.content.decode()
    assert Comment.objects.count() == before


def test_comment_on_a_missing_post_is_not_found(student: Client) -> None:
    assert student.post("/posts/0/comments/", {"body": "Hello?"}).status_code == 404


def test_many_comments_come_in_pages(student: Client, me: Profile) -> None:
    post = Post.objects.create(author=me, body="Count!")
    rows = [Comment(post=post, author=me, body=str(i)) for i in range(COMMENTS + 1)]
    Comment.objects.bulk_create(rows)
    first = student.get(f"/posts/{post.pk}/")
    second = student.get(f"/posts/{post.pk}/?after={first.context['next_after']}")

    shown = [comment.body for page in (first, second) for comment in page.context["comments"]]
    assert shown == [row.body for row in rows]
    assert second.context["next_after"] is None


def test_user_without_a_profile_is_led_to_make_one(client: Client, people: list[Profile]) -> None:
    client.force_login(User.objects.create_user("newcomer"))
    form = {"name": "New", "class_year": 2030, "major": "music"}
    form |= {"college": people[0].college_id, "dorm": people[0].dorm_id}

    assert "You have no profile yet" in client.get("/dashboard/").content.decode()
    assert client.post("/posts/new/", {"body": "Hello"})["Location"] == "/profile/edit/"
    assert client.post("/profile/edit/", form)["Location"] == "/people/newcomer/"
    assert client.get("/people/newcomer/").status_code == 200


def test_friendship_counts_for_both_and_once() -> None:
    one, other = make_people(2)

    Friendship.objects.befriend(one, other)
    Friendship.objects.befriend(other, one)

    assert set(Friendship.objects.values_list("user", "friend")) == {
        (one.pk, other.pk),
        (other.pk, one.pk),
    }


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.status == 200], ids=lambda page: page.name
)
def test_page_can_be_used_by_keyboard_and_screen_reader(page: object, student: Client) -> None:
    path = page.path.replace("/1/", f"/{Post.objects.latest('pk').pk}/")  # type: ignore[attr-defined]
    browser = student if page.login else Client()  # type: ignore[attr-defined]

    html = Document(browser.get(path).content.decode())

    assert html.all("html")[0]["lang"] == "en"
    assert html.text_of("title").endswith(" · Campus")
    assert len(html.all("h1")) == 1
    assert html.all("a")[0]["href"] == "#main"
    assert html.all("main", id="main")
    labelled = {label["for"] for label in html.all("label")}
    fields = [*html.all("input"), *html.all("select"), *html.all("textarea")]
    assert {field.get("id") for field in fields if field.get("type") != "hidden"} <= labelled
    assert all("alt" in image for image in html.all("img"))


def test_refused_form_names_each_field_and_links_to_it(student: Client) -> None:
    html = Document(student.post("/profile/edit/", {"name": ""}).content.decode())

    ids = {field["id"] for tag in ("input", "select") for field in html.all(tag) if "id" in field}
    links = {a["href"].removeprefix("#") for a in html.all("a") if a["href"].startswith("#id_")}
    assert links == {"id_name", "id_class_year", "id_major", "id_college", "id_dorm"}
    assert links <= ids
    assert html.text_of("title").startswith("Error: ")


def test_stylesheet_is_served_without_debug(client: Client, settings: object) -> None:
    settings.DEBUG = False  # type: ignore[attr-defined]

    response = client.get("/static/campus/campus.css")

    assert b":focus-visible" in b"".join(response)
    assert "max-age" in response["Cache-Control"]
