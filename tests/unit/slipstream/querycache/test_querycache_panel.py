"""The panel of the debug toolbar: a real toolbar around a page, and what it says of its reads."""

import asyncio
import html
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path

from slipstream.querycache import recording, signals
from slipstream.querycache.cache import Cache

from .conftest import Started, queries
from .waiting import until

PANEL = "slipstream.querycache.panel.QueryCachePanel"
TOOLBAR = {
    "INSTALLED_APPS": [*settings.INSTALLED_APPS, "debug_toolbar", "slipstream.querycache"],
    "MIDDLEWARE": ["debug_toolbar.middleware.DebugToolbarMiddleware"],
    "DEBUG_TOOLBAR_PANELS": [PANEL],
    "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": lambda _: True, "RENDER_PANELS": True},
}


def page(_request: HttpRequest) -> HttpResponse:
    known = list(User.objects.filter(username="user1"))
    new = list(User.objects.filter(username__startswith="user").exclude(pk__in=range(100)))
    drawn = list(User.objects.order_by("?")[:1])
    return HttpResponse(f"<html><body>{len(known)} {len(new)} {len(drawn)}</body></html>")


async def async_page(_request: HttpRequest) -> HttpResponse:
    await User.objects.acount()  # the first read of its thread's connection, before there is one
    known = [user.pk async for user in User.objects.filter(username="user1")]
    return HttpResponse(f"<html><body>{known}</body></html>")


@pytest.fixture
def toolbar(cache: Cache) -> Iterator[Cache]:
    """A site with the toolbar, and a read that the query cache knows."""
    with override_settings(**TOOLBAR):
        pages = (
            path("page/", page),
            path("async/", async_page),
            path("__debug__/", include("debug_toolbar.urls", namespace="djdt")),
        )
        with override_settings(ROOT_URLCONF=pages):
            until(lambda: queries(lambda: list(User.objects.filter(username="user1"))) == 0)
            yield cache
    recording.uninstall()


def rows(text: str) -> list[list[str]]:
    """The rows of the panel's table: outcome, why, tables, SQL, time."""
    table = text[text.index("Query cache") :]
    found = re.findall(r"<tr>\s*(<td>.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<td>(?:<code>)?(.*?)(?:</code>)?</td>", row, re.DOTALL) for row in found]
    return [[html.unescape(cell) for cell in row] for row in cells]


def test_the_panel_lists_hit_miss_and_bypass_of_a_page(toolbar: Cache) -> None:  # noqa: ARG001
    text = Client().get("/page/").content.decode()
    hit, miss, bypass = rows(text)

    assert [hit[0], miss[0], bypass[0]] == ["hit", "miss", "bypass"]
    assert [hit[2], miss[2]] == ["auth_user", "auth_user"]
    assert "random" in bypass[1].lower() or "rand" in bypass[1].lower()
    assert "user1" not in hit[3]  # the text of the query, without its parameters
    assert all(row[3].startswith("SELECT ") and float(row[4]) > 0 for row in rows(text))
    assert "1 of 3 reads hit (33%)" in text
    assert [row[0] for row in rows(Client().get("/page/").content.decode())][:2] == ["hit", "hit"]


def test_the_panel_lists_the_reads_of_an_async_view(toolbar: Cache) -> None:  # noqa: ARG001
    response = asyncio.run(AsyncClient().get("/async/"))
    found = rows(response.content.decode())
    assert [row[0] for row in found][-1:] == ["hit"], found


def test_a_read_while_its_table_is_in_flux_is_called_so(toolbar: Cache) -> None:
    toolbar.database.writer.mark({"t:auth_user"})
    outcomes = [row[0] for row in rows(Client().get("/page/").content.decode())]
    assert outcomes == ["in flux", "in flux", "bypass"]


def test_a_miss_that_is_not_stored_says_why(start: Started) -> None:
    start(MAX_ENTRY_BYTES=10)
    User.objects.create(username="user1")
    reads = recording.start()

    def missed() -> bool:
        reads.clear()
        list(User.objects.all())
        return reads[0].outcome == "miss"

    try:
        until(missed)
    finally:
        recording.stop()
        recording.uninstall()
    assert reads[0].reason == "an entry over MAX_ENTRY_BYTES"


def test_nothing_is_sent_where_nobody_listens(toolbar: Cache) -> None:  # noqa: ARG001
    Client().get("/page/")
    assert signals.bypassed.receivers
    recording.uninstall()
    for signal in (signals.hit, signals.missed, signals.in_flux, signals.bypassed):
        assert not signal.receivers


def test_outside_of_a_request_with_the_toolbar_nothing_is_recorded(toolbar: Cache) -> None:  # noqa: ARG001
    Client().get("/page/")
    assert recording._reads.get() is None


IMPORT_ALL = """
import importlib, pkgutil, sys
import django
from django.conf import settings
settings.configure(SECRET_KEY="x", INSTALLED_APPS=["slipstream.querycache"])
django.setup()
import slipstream.querycache, slipstream.generations
for package in (slipstream.querycache, slipstream.generations):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(".panel"):
            importlib.import_module(module.name)
sys.exit("debug_toolbar" in sys.modules)
"""


def test_no_module_but_the_panel_imports_the_toolbar() -> None:
    web = settings.BASE_DIR
    subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=web, check=True, timeout=60)
