"""What seeding asks of the tables as a whole: how far it got, emptying them, their statistics.

The rows are made in campus.seeding.writer.
"""

from django.apps import apps
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection
from django.db.models import QuerySet

from campus.seeding.students import MOST, username

CHUNK = 1_000


def students() -> QuerySet[User]:
    first, last = username(0), username(MOST - 1)
    names = User.objects.filter(username__gte=first, username__lte=last)
    return names.filter(username__regex=r"^student[0-9]{6}$")


def seeded() -> int:
    """How many there are; they are added in order, so the last one's number tells."""
    last = students().order_by("-username").values_list("username", flat=True).first()
    return 0 if last is None else int(last.removeprefix("student")) + 1


def ids_by_number(start: int, stop: int) -> dict[int, int]:
    """The users' ids of the students `start` to `stop` - 1 that exist."""
    if stop <= 0:
        return {}
    rows = students().filter(username__gte=username(max(0, start)), username__lt=username(stop))
    return {
        int(name.removeprefix("student")): pk for name, pk in rows.values_list("username", "pk")
    }


def flush() -> None:
    """Empties the site's own tables and removes the sample students, in constant memory.

    Other accounts stay, without their profiles.
    """
    tables = _tables()
    statements = connection.ops.sql_flush(no_style(), tables, reset_sequences=True)
    connection.ops.execute_sql_flush(statements)
    while chunk := list(students().values_list("pk", flat=True)[:CHUNK]):
        User.objects.filter(pk__in=chunk).delete()


def analyze() -> None:
    """The planner's statistics; otherwise the first minutes run with plans for empty tables."""
    with connection.cursor() as cursor:
        for table in [*_tables(), User._meta.db_table]:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


def _tables() -> list[str]:
    return [model._meta.db_table for model in apps.get_app_config("campus").get_models()]
