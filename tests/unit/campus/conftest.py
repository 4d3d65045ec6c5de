"""Fixtures of the site's tests: a populated site, and browsers of strangers and of students.

Data is made in crowd.py.
"""

from typing import Any

import pytest
from django.test import Client

from campus.models import Comment, Post, Profile
from tests.unit.campus.crowd import befriend, make_people


@pytest.fixture(autouse=True)
def _cheap_password_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def people(db: None) -> list[Profile]:  # noqa: ARG001 - opens the database
    """130 people; the first is a friend of the next 30, each of whom has written something."""
    everybody = make_people(130)
    me, friends = everybody[0], everybody[1:31]
    befriend(me, friends)
    authors = [me] * 15 + [friend for friend in friends for _ in range(2)]
    posts = Post.objects.bulk_create([Post(author=a, body="Tea & <b>cake</b>?") for a in authors])
    Comment.objects.bulk_create(
        [Comment(post=p, author=a, body='"Yes",\nof course') for p in posts for a in friends[:7]]
    )
    return everybody


@pytest.fixture
def me(people: list[Profile]) -> Profile:
    return people[0]


@pytest.fixture
def student(me: Profile, client: Client) -> Client:
    """The browser of `me`."""
    client.force_login(me.user)
    return client
