"""Colleges and their dorms: small tables that are read all the time and hardly ever change.

Who lives there is in campus.models.people.
"""

from django.db import models


class College(models.Model):
    name = models.CharField(max_length=80, unique=True)
    town = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class Dorm(models.Model):
    # The unique constraint below begins with the college: an index of its own would be idle.
    college = models.ForeignKey(
        College, on_delete=models.CASCADE, related_name="dorms", db_index=False
    )
    name = models.CharField(max_length=80)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["college", "name"], name="dorm_once_per_college"),
        )

    def __str__(self) -> str:
        return self.name
