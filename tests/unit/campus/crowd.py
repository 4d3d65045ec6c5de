"""People for the tests, made with a handful of statements.

The site's own sample data is tested in test_campus_seed.py.
"""

from itertools import cycle

from django.contrib.auth.models import User

from campus.models import College, Dorm, Friendship, Major, Profile

NAMES = ("Zoë O'Brien", "ada lovelace", "Ada Lovelace", 'Bo "B" <Bell> & Co', "Émile Ng", "Lin Wu")


def make_places() -> list[Dorm]:
    """Two colleges with two dorms each."""
    colleges = College.objects.bulk_create(
        [College(name=name, town=f"{name} Town") for name in ("Ashmere", "Bell & Co")]
    )
    return Dorm.objects.bulk_create(
        [Dorm(college=college, name=name) for college in colleges for name in ("North", "South")]
    )


def make_people(count: int, prefix: str = "person") -> list[Profile]:
    """Neighbours share a name on purpose: an order by name alone would not be total."""
    dorms = list(Dorm.objects.select_related("college").order_by("pk")) or make_places()
    users = User.objects.bulk_create(
        [User(username=f"{prefix}{number:04}", password="!") for number in range(count)]
    )
    names = (name for name in cycle(NAMES) for _ in range(7))
    parts = zip(users, names, cycle(dorms), cycle(Major.values), cycle(range(2027, 2031)))
    return Profile.objects.bulk_create(
        [
            Profile(
                user=user, name=name, college=dorm.college, dorm=dorm, major=major, class_year=year
            )
            for user, name, dorm, major, year in parts
        ]
    )


def befriend(one: Profile, others: list[Profile]) -> None:
    for other in others:
        Friendship.objects.befriend(one, other)
