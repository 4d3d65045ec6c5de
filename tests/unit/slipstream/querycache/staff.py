"""Models with tables of their own and a view, for what the sample site's have none of."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models
from django.db.models import Q


class Person(models.Model):
    """Unique in several ways, and refers to itself."""

    code = models.SlugField(unique=True)
    number = models.IntegerField(default=0)
    desk = models.CharField(max_length=20, default="")
    floor = models.IntegerField(default=0)
    room = models.IntegerField(default=0)
    weight = models.FloatField(unique=True, null=True)
    name = models.CharField(max_length=20, default="")
    boss = models.ForeignKey("self", models.CASCADE, null=True)
    all_people = models.ForeignKey(
        "Everybody", models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )

    class Meta:
        app_label = "staff"
        constraints = (
            models.UniqueConstraint("number", name="staff_number_expression"),
            models.UniqueConstraint(fields=["desk"], condition=~Q(desk=""), name="staff_desk"),
            models.UniqueConstraint(fields=["floor", "room"], name="staff_room"),
        )

    def __str__(self) -> str:
        return self.code


class Badge(models.Model):
    """Has a UUID, belongs to one person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.OneToOneField(Person, models.CASCADE)
    label = models.CharField(max_length=20, default="")
    serial = models.IntegerField(null=True)

    class Meta:
        app_label = "staff"
        constraints = (models.UniqueConstraint(fields=["serial"], name="badge_serial"),)

    def __str__(self) -> str:
        return self.label


class Everybody(models.Model):
    """A view over all people, of one row."""

    names = models.CharField(max_length=200)

    class Meta:
        app_label = "staff"
        managed = False

    def __str__(self) -> str:
        return self.names


VIEW = (
    "CREATE VIEW staff_everybody AS SELECT 1 AS id, group_concat(name) AS names FROM staff_person"
)


@contextmanager
def staff() -> Iterator[None]:
    """Have the tables for as long as this lasts."""
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Badge)
        editor.execute(VIEW)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP VIEW staff_everybody")
        with connection.schema_editor() as editor:
            editor.delete_model(Badge)
            editor.delete_model(Person)
