"""Sessions of a tiny site at an address of the test's choice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client, override_settings

from slipstream import config
from slipstream.sessions import connection
from slipstream.sessions.pool import ConnectionFactory
from slipstream.sessions.settings import SessionsSettings

from .servers import closed_port
from .tiny_site import settings_for

COOKIE = "a" * 32
Site = Callable[..., Client]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a function that puts the sessions of the tiny site at an address.

    Its client has a session cookie and gets 5xx as responses, not as exceptions.
    """
    monkeypatch.setattr(ConnectionFactory, "_pools", {})
    for write, outage in connection.REFUSED.items():
        monkeypatch.setitem(connection.REFUSED, write, replace(outage, since=None))
    connection.breaker.cache_clear()
    overrides: list[Any] = []

    def start(address: tuple[str, int], **changes: Any) -> Client:
        sessions = SessionsSettings(HOST=address[0], PORT=address[1], READ_TIMEOUT_SECONDS=0.05)
        monkeypatch.setattr(config, "_installed", [config.Config(sessions=sessions)])
        overrides.append(override_settings(**settings_for(sessions) | changes))
        overrides[-1].enable()
        client = Client(raise_request_exception=False)
        client.cookies["sessionid"] = COOKIE
        return client

    yield start
    for override in reversed(overrides):
        override.disable()
    for pool in ConnectionFactory._pools.values():
        pool.disconnect()
    connection.breaker.cache_clear()


@pytest.fixture
def visitor(site: Site) -> Iterator[Client]:
    """A visitor with a session cookie, of a site whose Redis is away."""
    with closed_port() as address:
        yield site(address)
