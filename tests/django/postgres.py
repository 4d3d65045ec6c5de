"""A PostgreSQL server for the suite's time: the benchmarks' own, or one that a variable names."""

import os
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import services
from tests.django.plan import Server

__all__ = ["postgres"]

URL_VARIABLE = "TEST_DJANGO_POSTGRES"
"""postgresql://USER:PASSWORD@HOST:PORT of a server to use instead."""


@contextmanager
def postgres() -> Iterator[Server]:
    url = os.environ.get(URL_VARIABLE)
    if url:
        yield _parse(url)
        return
    with services.postgres() as made:
        yield Server(host=made.host, port=made.port, user=made.user, password=made.password)


def _parse(url: str) -> Server:
    parts = urllib.parse.urlsplit(url)
    return Server(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        user=urllib.parse.unquote(parts.username or "postgres"),
        password=urllib.parse.unquote(parts.password or ""),
    )
