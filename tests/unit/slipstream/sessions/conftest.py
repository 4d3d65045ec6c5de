"""Sessions of a tiny site at an address of the test's choice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from slipstream.sessions import connection
from slipstream.sessions.settings import SessionsSettings

from .servers import closed_port
from .sites import sites

COOKIE = "a" * 32
Site = Callable[..., Client]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a function that puts the sessions of the tiny site at an address.

    Its client has a session cookie and gets 5xx as responses, not as exceptions.
    """
    for write, outage in connection.REFUSED.items():
        monkeypatch.setitem(connection.REFUSED, write, replace(outage, since=None))
    with sites(monkeypatch) as set_up:

        def start(address: tuple[str, int], **changes: Any) -> Client:
            host, port = address
            set_up(SessionsSettings(HOST=host, PORT=port, READ_TIMEOUT_SECONDS=0.3), **changes)
            client = Client(raise_request_exception=False)
            client.cookies["sessionid"] = COOKIE
            return client

        yield start


@pytest.fixture
def visitor(site: Site) -> Iterator[Client]:
    """A visitor with a session cookie, of a site whose Redis is away."""
    with closed_port() as address:
        yield site(address)
