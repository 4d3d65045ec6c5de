"""People: one profile for each user, and who is whose friend.

Accounts and passwords are Django's own; posts are in campus.models.posts.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from campus.models.places import College, Dorm

FIRST_CLASS_YEAR = 1900
LAST_CLASS_YEAR = 2100
DEFAULT_THUMB = "/static/campus/thumbs/00.svg"


class Major(models.TextChoices):
    ANTHROPOLOGY = "anthropology", "Anthropology"
    ARCHITECTURE = "architecture", "Architecture"
    ART_HISTORY = "art-history", "Art History"
    BIOLOGY = "biology", "Biology"
    CHEMISTRY = "chemistry", "Chemistry"
    CLASSICS = "classics", "Classics"
    COMPUTER_SCIENCE = "computer-science", "Computer Science"
    ECONOMICS = "economics", "Economics"
    ENGLISH = "english", "English"
    GEOLOGY = "geology", "Geology"
    HISTORY = "history", "History"
    LINGUISTICS = "linguistics", "Linguistics"
    MATHEMATICS = "mathematics", "Mathematics"
    MECHANICAL_ENGINEERING = "mechanical-engineering", "Mechanical Engineering"
    MUSIC = "music", "Music"
    PHILOSOPHY = "philosophy", "Philosophy"
    PHYSICS = "physics", "Physics"
    POLITICAL_SCIENCE = "political-science", "Political Science"
    PSYCHOLOGY = "psychology", "Psychology"
    SOCIOLOGY = "sociology", "Sociology"


class ProfileQuerySet(models.QuerySet["Profile"]):
    def cards(self) -> "ProfileQuerySet":
        """What a person's entry in a list shows, in one query."""
        return self.select_related("user", "college", "dorm").only(
            "name",
            "thumb",
            "class_year",
            "major",
            "college__name",
            "dorm__name",
            "user__username",
        )

    def friends_of(self, profile_id: int) -> "ProfileQuerySet":
        friends = Friendship.objects.filter(user_id=profile_id).values("friend_id")
        return self.filter(pk__in=friends)


class Profile(models.Model):
    # The user's id is the profile's: whoever is logged in needs no query to be named as author.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True
    )
    name = models.CharField(max_length=80)
    thumb = models.CharField(
        "thumbnail URL",
        max_length=200,
        default=DEFAULT_THUMB,
        validators=[RegexValidator(r"^(/|https://)", "Give a path on this site or an https URL.")],
    )
    class_year = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(FIRST_CLASS_YEAR), MaxValueValidator(LAST_CLASS_YEAR)]
    )
    major = models.CharField(max_length=40, choices=Major)
    # Each filter of the people page has an index below that begins with its column.
    college = models.ForeignKey(College, on_delete=models.PROTECT, db_index=False)
    dorm = models.ForeignKey(Dorm, on_delete=models.PROTECT, db_index=False)
    about = models.TextField(max_length=500, blank=True)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        # (name, user) at the end of each: the order of the people page, so that a page of it is
        # one range of one index however far down it is. Search in names: see migration 0002.
        indexes = (
            models.Index(fields=["name", "user"], name="profile_name"),
            models.Index(fields=["college", "name", "user"], name="profile_college"),
            models.Index(fields=["dorm", "name", "user"], name="profile_dorm"),
            models.Index(fields=["class_year", "name", "user"], name="profile_class_year"),
            models.Index(fields=["major", "name", "user"], name="profile_major"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(class_year__range=(FIRST_CLASS_YEAR, LAST_CLASS_YEAR)),
                name="profile_class_year_plausible",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def major_name(self) -> str:
        return str(Major(self.major).label)


class FriendshipManager(models.Manager["Friendship"]):
    def befriend(self, one: Profile, other: Profile) -> Sequence["Friendship"]:
        """Both rows at once; friends already: nothing changes."""
        rows = [Friendship(user=one, friend=other), Friendship(user=other, friend=one)]
        return self.bulk_create(rows, ignore_conflicts=True)


class Friendship(models.Model):
    """A row each way, so that someone's friends are one range of one index."""

    user = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="friendships", db_index=False
    )
    friend = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")

    objects = FriendshipManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "friend"], name="friendship_once"),
            models.CheckConstraint(condition=~Q(user=F("friend")), name="friendship_of_two"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} is a friend of {self.friend_id}"
