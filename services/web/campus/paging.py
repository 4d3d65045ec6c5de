"""Keyset pagination: a page begins after the last row of the one before it.

Unlike OFFSET, page 1000 costs what page 1 costs, and rows added meanwhile shift nothing.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the page after them (None: these are the last)."""

    rows: Sequence[Row]
    next_cursor: str | None


def paginate(rows: QuerySet[Row], *, by: str, after: str, size: int) -> Page[Row]:
    """Up to `size` rows in the order of the text column `by`, then the primary key.

    Raises BadRequest for a cursor that is not one of ours.
    """
    if after:
        rows = rows.filter(_beyond(by, *decode(after)))
    # One row more than is shown tells whether there is a next page, without counting.
    found = list(rows.order_by(by, "pk")[: size + 1])
    shown = found[:size]
    last = shown[-1] if len(found) > size else None
    return Page(shown, None if last is None else encode(getattr(last, by), last.pk))


def _beyond(by: str, value: str, pk: int) -> Q:
    # The same as (by, pk) > (value, pk), with a plain bound on `by` that an index can use.
    return Q(**{f"{by}__gte": value}) & (Q(**{f"{by}__gt": value}) | Q(pk__gt=pk))


def encode(value: str, pk: int) -> str:
    text = json.dumps([value, pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[str, int]:
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _bad(cursor) from error
    if not isinstance(value, str) or "\0" in value or type(pk) is not int:
        raise _bad(cursor)
    if not 0 <= pk <= LARGEST_ID:
        raise _bad(cursor)
    return value, pk


def _bad(cursor: str) -> BadRequest:
    return BadRequest(f"after={cursor!r} is no cursor of this list: follow its links instead")
