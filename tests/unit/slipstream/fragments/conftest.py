"""Fragments on SQLite and local memory, without and with the query cache; commits are real.

Tables are emptied by deleting rows, and the store lives through a module: a quarantine takes longer
than a test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections

from slipstream import config
from slipstream.config import read
from slipstream.fragments.cache import Fragments, current_fragments
from slipstream.fragments.copies import Copies
from slipstream.fragments.install import install, uninstall
from slipstream.generations import database as databases
from slipstream.generations import stores, tags
from slipstream.querycache import reads
from tests.unit.slipstream.querycache.waiting import until

HOLD_SECONDS = 0.05
MODELS = (Group, User)


@contextmanager
def _own_database() -> Iterator[None]:
    """Have an empty database with a few tables for 'default': no other test sees what is committed."""
    before, given = connections["default"], connections.databases["default"]
    connections.databases["default"] = given | {"NAME": "file:fragments?mode=memory&cache=shared"}
    connections["default"] = connections.create_connection("default")
    with connection.schema_editor() as editor:
        for model in (ContentType, Permission, *MODELS):
            editor.create_model(model)
    try:
        yield
    finally:
        connection._close()  # Django keeps those in memory
        connections.databases["default"] = given
        connections["default"] = before


@pytest.fixture(scope="module", params=["alone", "query-cache"])
def installed(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Fragments are on, over tables that can be cached at once."""
    before = list(config._installed)
    setting = {"GENERATIONS": {"HOLD_SECONDS": HOLD_SECONDS}, "FRAGMENTS": {"STRICT": True}}
    with django_db_blocker.unblock(), _own_database():
        config.install(read(setting, {}, []))
        _forget()
        install()
        if request.param == "query-cache":
            reads.install()
        until(_usable)
        yield
        uninstall()
        _forget()
    config._installed[:] = before


def _usable() -> bool:
    database = databases.database_of(connection)
    reader, names = database.reader, [model._meta.db_table for model in MODELS]
    needed = [tags.EVERYTHING, *map(tags.table, names), *map(tags.all_rows, names)]
    if None in reader.read(needed)[1]:
        database.writer.unmark(database.writer.mark(frozenset(needed)))
    return reader.usable(needed, reader.read(needed)[1]) is not None


def _forget() -> None:
    databases.forget_databases()
    stores.reset()


@pytest.fixture
def fragments(installed: None) -> Iterator[Fragments]:  # noqa: ARG001
    """This process's fragments; a mistake is an error."""
    made = current_fragments()
    yield made
    made.strict = True
    for memory in (made.tables, made.dependencies, made.names, made.not_stored):
        memory.clear()
    made.copies = Copies(made.settings.COPIES_BYTES)
    for rows in (User.groups.through.objects, Group.objects, User.objects):
        rows.all()._raw_delete("default")


@pytest.fixture
def production(fragments: Fragments) -> Fragments:
    """The same where a mistake is a bypass."""
    fragments.strict = False
    return fragments


@pytest.fixture
def ann(fragments: Fragments) -> User:  # noqa: ARG001
    return User.objects.create(username="ann", first_name="Ann")


@pytest.fixture
def bob(fragments: Fragments) -> User:  # noqa: ARG001
    return User.objects.create(username="bob", first_name="Bob")
