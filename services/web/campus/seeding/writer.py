"""Puts made-up students into the database, batch by batch, in constant memory.

Each batch is one transaction: however a run ends, students 0 to n-1 are there and complete.
"""

from collections.abc import Iterator, Sequence

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import reset_queries, transaction

from campus.models import Comment, Friendship, Post, Profile
from campus.seeding import places
from campus.seeding.students import FIRST_DAY, NEIGHBOURS, Student, student, username
from campus.seeding.tables import analyze, ids_by_number

PASSWORD = "campus"  # noqa: S105 - every sample student's, documented as such
BATCH = 500
ROWS = 2_000  # of one INSERT


def write(seed: int, start: int, stop: int) -> Iterator[int]:
    """Students `start` to `stop` - 1; yields how many there are after each batch."""
    dorms = places.write()
    password = make_password(PASSWORD)  # hashed once: it is slow on purpose
    ids = ids_by_number(start - NEIGHBOURS, start)
    for first in range(start, stop, BATCH):
        numbers = range(first, min(first + BATCH, stop))
        batch = [student(seed, number) for number in numbers]
        with transaction.atomic():
            _write_batch(batch, ids, dorms, password)
        for number in [number for number in ids if number < numbers.stop - NEIGHBOURS]:
            del ids[number]
        reset_queries()  # with DEBUG on, Django keeps every statement
        yield numbers.stop
    analyze()


def _write_batch(
    batch: Sequence[Student], ids: dict[int, int], dorms: places.DormIds, password: str
) -> None:
    users = User.objects.bulk_create([_user(one, password) for one in batch], ROWS)
    ids.update((one.number, user.pk) for one, user in zip(batch, users, strict=True))
    Profile.objects.bulk_create([_profile(one, ids, dorms) for one in batch], ROWS)
    Friendship.objects.bulk_create(_friendships(batch, ids), ROWS)
    posts = Post.objects.bulk_create(_posts(batch, ids), ROWS)
    Comment.objects.bulk_create(_comments(batch, posts, ids), ROWS)


def _user(one: Student, password: str) -> User:
    return User(
        username=username(one.number),
        first_name=one.first_name,
        last_name=one.last_name,
        email=f"{username(one.number)}@campus.example",
        password=password,
        date_joined=FIRST_DAY,
    )


def _profile(one: Student, ids: dict[int, int], dorms: places.DormIds) -> Profile:
    college_id, dorm_id = dorms[one.college, one.dorm]
    return Profile(
        user_id=ids[one.number],
        name=f"{one.first_name} {one.last_name}",
        thumb=one.thumb,
        class_year=one.class_year,
        major=one.major,
        college_id=college_id,
        dorm_id=dorm_id,
        about=one.about,
    )


def _friendships(batch: Sequence[Student], ids: dict[int, int]) -> list[Friendship]:
    pairs = [(ids[one.number], ids[friend]) for one in batch for friend in one.friends]
    return [
        Friendship(user_id=user, friend_id=friend)
        for one, other in pairs
        for user, friend in ((one, other), (other, one))
    ]


def _posts(batch: Sequence[Student], ids: dict[int, int]) -> list[Post]:
    return [
        Post(author_id=ids[one.number], body=post.body, created_at=post.created_at)
        for one in batch
        for post in one.posts
    ]


def _comments(
    batch: Sequence[Student], posts: Sequence[Post], ids: dict[int, int]
) -> list[Comment]:
    made_up = [post for one in batch for post in one.posts]
    return [
        Comment(
            post_id=row.pk,
            author_id=ids[comment.author],
            body=comment.body,
            created_at=comment.created_at,
        )
        for row, post in zip(posts, made_up, strict=True)
        for comment in post.comments
    ]
