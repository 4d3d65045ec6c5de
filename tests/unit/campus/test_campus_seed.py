"""Sample data: the same each time, added to and not repeated, in portions that are complete.

How fast it is, is measured elsewhere.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from campus.models import College, Comment, Dorm, Friendship, Post, Profile
from campus.seeding import progress, students, words, writer

pytestmark = pytest.mark.django_db


def seed(users: int, **options: Any) -> str:
    out = io.StringIO()
    call_command("seed", users=users, stdout=out, stderr=io.StringIO(), **options)
    connection.check_constraints()  # Postgres does so at the end of a transaction only
    return out.getvalue()


def everything() -> Iterator[list[Any]]:
    """All that seeding makes, without ids and the salt of the password."""
    yield list(College.objects.order_by("name").values_list("name", "town"))
    yield list(Dorm.objects.order_by("college__name", "name").values_list("college__name", "name"))
    people = Profile.objects.order_by("user__username")
    columns = ("name", "thumb", "class_year", "major", "college__name", "dorm__name", "about")
    yield list(people.values_list("user__username", "user__date_joined", *columns))
    pairs = Friendship.objects.values_list("user__user__username", "friend__user__username")
    yield sorted(pairs)
    posts = Post.objects.order_by("pk")
    yield list(posts.values_list("author__user__username", "body", "created_at"))
    comments = Comment.objects.order_by("pk").values_list("author__user__username", "post__body")
    yield list(comments.values_list("body", "created_at", "author__user__username", "post__body"))


def test_same_seed_same_people_however_often_one_starts() -> None:
    seed(60)
    first = list(everything())
    seed(60, flush=True, noinput=True)

    assert list(everything()) == first


@pytest.mark.parametrize("batch", [7, 500])
def test_portions_add_up_to_the_same(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(50)
    at_once = list(everything())
    monkeypatch.setattr(writer, "BATCH", batch)
    seed(20, flush=True, noinput=True)
    seed(50)

    assert list(everything()) == at_once


def test_another_seed_makes_other_people() -> None:
    assert students.student(1, 5) != students.student(2, 5)
    assert students.student(1, 5) == students.student(1, 5)


def test_as_many_as_wanted_are_left_alone() -> None:
    seed(30)
    before = list(everything())

    said = seed(20)

    assert "Nothing to do: 30 students are there, 20 wanted." in said
    assert list(everything()) == before


def test_a_student_logs_in_and_reads(client: Client) -> None:
    seed(120)

    response = client.post(
        "/login/", {"username": "student000119", "password": "campus"}, follow=True
    )

    assert response.redirect_chain == [("/dashboard/", 302)]
    assert response.context["news"].posts
    assert client.get("/people/").content.count(b'class="person"') == 100


def test_volumes_are_as_described() -> None:
    seed(300)

    assert Profile.objects.count() == 300
    assert 8 < Friendship.objects.count() / 300 <= 10
    assert 2.5 < Post.objects.count() / 300 < 3.5
    assert 1.7 < Comment.objects.count() / Post.objects.count() < 2.3
    assert Dorm.objects.count() == len(words.COLLEGES) * len(words.DORMS)


def test_friendships_go_both_ways() -> None:
    seed(40)

    pairs = set(Friendship.objects.values_list("user", "friend"))
    assert pairs == {(friend, user) for user, friend in pairs}


def test_nobody_comments_before_the_post() -> None:
    seed(40)

    assert all(c.created_at > c.post.created_at for c in Comment.objects.select_related("post"))


def test_rows_written_afterwards_find_free_ids() -> None:
    seed(10)

    author = Profile.objects.latest("pk")
    assert Post.objects.create(author=author, body="after").pk
    assert User.objects.create_user("after").pk > author.pk


def test_other_accounts_survive_a_flush() -> None:
    User.objects.create_superuser("admin")
    User.objects.create_user("studentbody")
    seed(10)

    seed(5, flush=True, noinput=True)

    assert User.objects.count() == 7
    assert Profile.objects.count() == 5


def test_flush_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seed(10)
    monkeypatch.setattr("builtins.input", lambda _: "no")

    with pytest.raises(CommandError, match="Nothing was removed"):
        seed(5, flush=True)

    assert Profile.objects.count() == 10


class Interrupting(io.StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as there is something to see."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise KeyboardInterrupt(text)


def test_interruption_leaves_whole_students_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed(30)
    at_once = list(everything())
    seed(1, flush=True, noinput=True)
    monkeypatch.setattr(writer, "BATCH", 5)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)

    with pytest.raises(CommandError, match="6 of 30 students are there") as stop:
        call_command("seed", users=30, stdout=io.StringIO(), stderr=Interrupting())

    assert stop.value.returncode == 130
    assert Profile.objects.count() == 6
    seed(30)
    assert list(everything()) == at_once


def test_batch_that_is_not_complete_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> list[Comment]:
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_comments", interrupt)

    with pytest.raises(CommandError, match="0 of 10 students are there"):
        seed(10)

    assert not Post.objects.exists()


@pytest.mark.parametrize("users", [0, -1, 1_000_001])
def test_impossible_number_is_refused(users: int) -> None:
    with pytest.raises(CommandError, match=f"--users is {users}"):
        seed(users)


def test_log_gets_plain_lines_and_a_terminal_one_that_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    log, terminal = io.StringIO(), io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(writer, "BATCH", 5)

    call_command("seed", users=10, stdout=io.StringIO(), stderr=log)
    call_command("seed", users=20, stdout=io.StringIO(), stderr=terminal)

    assert log.getvalue().startswith("10 of 10 students (100 %)")
    assert "\r" not in log.getvalue()
    assert terminal.getvalue().count("\r") == 2
    assert terminal.getvalue().count("\n") == 1
