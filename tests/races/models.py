"""The table that they race for."""

from typing import ClassVar

from django.db import models

from tests.races.schema import TABLE


class Counter(models.Model):
    name = models.CharField(max_length=20, unique=True)
    v0 = models.BigIntegerField(default=0)
    v1 = models.BigIntegerField(default=0)
    v2 = models.BigIntegerField(default=0)
    v3 = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager["Counter"]] = models.Manager()

    class Meta:
        app_label = "races"
        db_table = TABLE

    def __str__(self) -> str:
        return self.name

    @property
    def values(self) -> tuple[int, ...]:
        return self.v0, self.v1, self.v2, self.v3
