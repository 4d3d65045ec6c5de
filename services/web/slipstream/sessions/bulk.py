"""Moves all sessions at once, while the site serves: batch by batch, so that it can be taken up again.

Both ways yield how many were moved so far. One session at a visit is `moving.py`'s and
`backward.py`'s.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from slipstream.sessions import backward, connection, keys, moving, rows

__all__ = ["in_database", "in_redis", "to_database", "to_redis"]

BATCH = 500


def in_database() -> int:
    """Return how many sessions the table has under their own keys, the expired ones left out."""
    return int(_under_their_own_keys().filter(expire_date__gt=timezone.now()).count())


def in_redis() -> int:
    """Return how many sessions Redis has. Raises SessionUnavailable."""
    return sum(1 for _ in _names())


def to_redis() -> Iterator[int]:
    """Move the rows of django_session to Redis; expired ones are dropped.

    Hashed ones stay, which nobody but their visitors can name. Raises SessionUnavailable.
    """
    moved = 0
    while batch := _batch_to_redis():
        moved += batch
        yield moved


def _batch_to_redis() -> int:
    with transaction.atomic(using=rows.using()):
        # A write comes first: SQLite, which locks no rows, lets nobody else write from here on.
        rows.sessions().filter(expire_date__lte=timezone.now()).delete()
        batch = list(_under_their_own_keys().select_for_update().order_by("pk")[:BATCH])
        if batch:
            connection.call(lambda client: _put(client, batch), write=True)
            rows.sessions().filter(pk__in=[row.pk for row in batch]).delete()
    return len(batch)


def _under_their_own_keys() -> Any:
    return rows.sessions().exclude(pk__startswith=keys.ROW_PREFIX)


def _put(client: Any, batch: Sequence[Any]) -> None:
    """NX: what an interrupted move left in both places may have changed in Redis since."""
    with client.pipeline(transaction=False) as pipe:
        for row in batch:
            raw = moving.raw_of_row(row.session_data)
            pipe.set(keys.in_redis(row.pk), raw, px=rows.remaining_ms(row.expire_date), nx=True)
        pipe.execute()


def to_database() -> Iterator[int]:
    """Move what Redis has into rows under hashes, which their visitors' cookies find.

    Raises SessionUnavailable.
    """
    names, moved = _names(), 0
    while batch := list(islice(names, BATCH)):
        moved += _batch_to_database(batch)
        yield moved


def _names() -> Iterator[str]:
    cursor = 0
    while True:
        cursor, found = connection.call(partial(_scan, cursor), write=False)
        names = (name.decode() for name in found)
        yield from (name for name in names if keys.row_of_redis_key(name))
        if not cursor:
            return


def _scan(cursor: int, client: Any) -> Any:
    return client.scan(cursor, match=f"{keys.prefix()}*", count=BATCH)


def _batch_to_database(names: Sequence[str]) -> int:
    """The rows are there for all to see before Redis is told to forget.

    What Redis had forgotten already, a visitor has moved, or logged out of: that row goes again.
    """
    found = connection.call(lambda client: backward.read(client, names), write=False)
    made = {
        name: rows.made(str(keys.row_of_redis_key(name)), backward.data_of_raw(raw), milliseconds)
        for name, (raw, milliseconds) in found.items()
    }
    rows.sessions().bulk_create(made.values(), ignore_conflicts=True)
    deleted = connection.call(lambda client: _delete(client, list(made)), write=True)
    gone = [made[name].pk for name, count in deleted.items() if not count]
    rows.sessions().filter(pk__in=gone).delete()
    return len(made) - len(gone)


def _delete(client: Any, names: Sequence[str]) -> dict[str, int]:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.delete(name)
        return dict(zip(names, pipe.execute(), strict=True))
