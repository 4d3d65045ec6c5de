"""Made-up students: everything about one follows from the seed and the student's number.

So the same data comes out however many are asked for, in whatever portions. No database here.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from campus.models import Major
from campus.seeding import words

MOST = 1_000_000  # user names have six digits
NEIGHBOURS = 1_000  # friends and commenters come from so many students before oneself
FRIENDSHIPS = 5  # that each begins; as many again, on average, are begun by others
THUMBS = 12
FIRST_DAY = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)
TERM_MINUTES = 80 * 24 * 60
CLASS_YEARS = (2027, 2028, 2029, 2030)
MAJORS = tuple(Major.values)


@dataclass(frozen=True, slots=True)
class SeedComment:
    author: int
    body: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SeedPost:
    body: str
    created_at: dt.datetime
    comments: tuple[SeedComment, ...]


@dataclass(frozen=True, slots=True)
class Student:
    """Other students (`friends`, authors of comments) are named by their numbers."""

    number: int
    first_name: str
    last_name: str
    thumb: str
    class_year: int
    major: str
    college: int
    dorm: int
    about: str
    friends: tuple[int, ...]
    posts: tuple[SeedPost, ...]


def username(number: int) -> str:
    return f"student{number:06}"


def student(seed: int, number: int) -> Student:
    rng = Random(seed * MOST + number)  # noqa: S311 - made-up people, not secrets
    return Student(
        number=number,
        first_name=rng.choice(words.FIRST_NAMES),
        last_name=rng.choice(words.LAST_NAMES),
        thumb=f"/static/campus/thumbs/{rng.randrange(THUMBS):02}.svg",
        class_year=rng.choice(CLASS_YEARS),
        major=rng.choice(MAJORS),
        college=rng.randrange(len(words.COLLEGES)),
        dorm=rng.randrange(len(words.DORMS)),
        about=f"Mostly to be found at {rng.choice(words.EVENTS)}.",
        friends=_friends(rng, number),
        posts=tuple(_post(rng, number) for _ in range(rng.choice((1, 2, 3, 4, 5)))),
    )


def _friends(rng: Random, number: int) -> tuple[int, ...]:
    earlier = range(max(0, number - NEIGHBOURS), number)
    return tuple(rng.sample(earlier, min(FRIENDSHIPS, len(earlier))))


def _post(rng: Random, number: int) -> SeedPost:
    opening, event = rng.choice(words.OPENINGS), rng.choice(words.EVENTS)
    created_at = FIRST_DAY + dt.timedelta(minutes=rng.randrange(TERM_MINUTES))
    return SeedPost(
        body=f"{opening} {event}. {rng.choice(words.CLOSINGS)}",
        created_at=created_at,
        comments=tuple(_comments(rng, number, created_at)),
    )


def _comments(rng: Random, number: int, after: dt.datetime) -> Iterator[SeedComment]:
    for _ in range(rng.choice((0, 1, 2, 3, 4))):
        after += dt.timedelta(minutes=rng.randrange(1, 300))
        author = rng.randint(max(0, number - NEIGHBOURS), number)
        yield SeedComment(author, rng.choice(words.REPLIES), after)
