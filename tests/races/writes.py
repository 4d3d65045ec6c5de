"""The kinds of writes: each increments a writer's column and returns the rows it has incremented."""

from collections.abc import Callable, Mapping, Sequence

from django.db import connection, transaction
from django.db.models import F

from tests.races.models import Counter
from tests.races.schema import TABLE

__all__ = ["WRITES", "Column"]


class GivenUpError(Exception):
    """A transaction that is meant to be rolled back."""


class Column:
    """The writer's own column: what is known to be committed there, by row, and how to write it."""

    def __init__(self, name: str, tell: Callable[[int, int], None]) -> None:
        self.name = name
        self.known: list[int] = []
        self.tell = tell
        """Told what a read inside of a transaction found, and what it wrote itself."""

    def take_over(self, values: Sequence[int]) -> None:
        """Begin with what is committed; ids begin at 1."""
        self.known = [0, *values]

    def increment(self, pk: int) -> None:
        Counter.objects.filter(pk=pk).update(**{self.name: F(self.name) + 1})

    def autocommit(self, first: int, _second: int) -> tuple[int, ...]:
        self.increment(first)
        return (first,)

    def save(self, first: int, _second: int) -> tuple[int, ...]:
        row = Counter(pk=first, **{self.name: self.known[first] + 1})
        row.save(update_fields=[self.name])
        return (first,)

    def raw(self, first: int, _second: int) -> tuple[int, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {TABLE} SET {self.name} = {self.name} + 1 WHERE id = %s",  # noqa: S608 - our own names
                [first],
            )
        return (first,)

    def atomic(self, first: int, second: int) -> tuple[int, ...]:
        with transaction.atomic():
            self.increment(first)
            self.increment(second)
            self.expect_own(first, 1)
        return (first, second)

    def savepoint(self, first: int, second: int) -> tuple[int, ...]:
        with transaction.atomic():
            self.increment(first)
            try:
                with transaction.atomic():
                    self.increment(second)
                    self.expect_own(second, 1)
                    raise GivenUpError
            except GivenUpError:
                self.expect_own(second, 0)
        return (first,)

    def rollback(self, first: int, _second: int) -> tuple[int, ...]:
        try:
            with transaction.atomic():
                self.increment(first)
                self.expect_own(first, 1)
                raise GivenUpError
        except GivenUpError:
            return ()

    def expect_own(self, pk: int, more: int) -> None:
        """Tell of a read inside of a transaction that doesn't see what it wrote itself."""
        found = getattr(Counter.objects.get(pk=pk), self.name)
        if found != self.known[pk] + more:
            self.tell(found, self.known[pk] + more)


WRITES: Mapping[str, Callable[[Column, int, int], tuple[int, ...]]] = {
    "autocommit": Column.autocommit,
    "save": Column.save,
    "raw": Column.raw,
    "atomic": Column.atomic,
    "savepoint": Column.savepoint,
    "rollback": Column.rollback,
}
