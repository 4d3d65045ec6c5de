"""Puts the sessions of the tiny site where a test says. Whether a Redis is there is the test's matter."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.test import override_settings

from slipstream import config
from slipstream.sessions import connection
from slipstream.sessions.pool import ConnectionFactory
from slipstream.sessions.settings import SessionsSettings

from .tiny_site import settings_for

__all__ = ["SetUp", "sites"]

SetUp = Callable[..., None]


@contextmanager
def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Give a function that takes `SessionsSettings`, and settings over the site's, as often as need be."""
    monkeypatch.setattr(ConnectionFactory, "_pools", {})
    with ExitStack() as overrides:

        def set_up(sessions: SessionsSettings, **changes: Any) -> None:
            monkeypatch.setattr(config, "_installed", [config.Config(sessions=sessions)])
            connection.breaker.cache_clear()
            overrides.enter_context(override_settings(**settings_for(sessions) | changes))

        yield set_up
    for pool in ConnectionFactory._pools.values():
        pool.disconnect()
    connection.breaker.cache_clear()
