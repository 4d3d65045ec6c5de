"""A shelf of its own for each test, in local memory unless the test says otherwise."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from slipstream import config
from slipstream.config import read
from slipstream.generations import stores
from slipstream.templates import shelf as shelves
from slipstream.templates.shelf import Shelf

LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "templates"}


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(config, "_installed", [read({}, {}, [])])
    with override_settings(CACHES={"default": LOCAL}):
        yield shelves.shelf()
        stores.reset()
