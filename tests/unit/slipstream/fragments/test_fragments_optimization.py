"""The row `fragment-cache`: what it changes, what its checks find, its probe, command and middleware."""

import asyncio
import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks.registry import registry
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings

from slipstream import config as configuration
from slipstream.config import read
from slipstream.errors import NotApplicable
from slipstream.fragments import fragment_cache
from slipstream.fragments.apps import FragmentsConfig
from slipstream.fragments.cache import Fragments
from slipstream.fragments.checks import check_fragments
from slipstream.fragments.management.commands.fragments import Command
from slipstream.fragments.middleware import RecordingMiddleware
from slipstream.generations.recording import CURRENT
from slipstream.optimizations import apply
from tests.unit.slipstream.settings_of_a_site import postgres_site

from .showing import show

LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "_installed", list(configuration._installed))


def applied(**settings: Any) -> dict[str, Any]:
    site = postgres_site(**settings)
    apply(site, ["fragment-cache"])
    return site


def test_it_adds_its_app_and_records_from_the_start_of_a_request() -> None:
    site = applied()
    assert fragment_cache.APP in site["INSTALLED_APPS"]
    assert site["MIDDLEWARE"][0] == fragment_cache.MIDDLEWARE
    assert fragment_cache.check(site, configuration.current()) == []


def test_it_needs_a_cache() -> None:
    with pytest.raises(NotApplicable, match="'fragment-cache' has no cache"):
        applied(SLIPSTREAM={"QUERY_CACHE": {"CACHE": "missing"}})


@pytest.mark.parametrize(("setting", "name"), [("INSTALLED_APPS", "APP"), ("MIDDLEWARE",) * 2])
def test_a_site_that_takes_a_part_out_again_is_told(setting: str, name: str) -> None:
    site = applied()
    site[setting] = [one for one in site[setting] if one != getattr(fragment_cache, name)]
    assert [one.id for one in fragment_cache.check(site, configuration.current())] == [
        "slipstream.E040"
    ]


@pytest.mark.parametrize(
    ("setting", "middleware", "found"),
    [
        ({}, [fragment_cache.MIDDLEWARE], []),
        ({}, [], ["slipstream.fragments.W001"]),
        (
            {"FRAGMENTS": {"TIMEOUT_SECONDS": 0}},
            [fragment_cache.MIDDLEWARE],
            ["slipstream.fragments.E001"],
        ),
    ],
)
def test_checks_find_what_makes_it_useless(
    setting: dict[str, Any], middleware: list[str], found: list[str]
) -> None:
    configuration.install(read(setting, {}, []))
    with override_settings(MIDDLEWARE=middleware):
        assert [message.id for message in check_fragments()] == found


def test_its_app_registers_the_checks_of_where_it_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipstream.fragments.install.install", lambda: None)
    monkeypatch.setattr(registry, "registered_checks", set())
    configuration.install(read({"QUERY_CACHE": {"CACHE": "missing"}}, {}, []))

    FragmentsConfig.create(fragment_cache.APP).ready()

    found = {message.id for message in registry.run_checks(tags=["slipstream"])}
    assert found == {"slipstream.fragments.W001", "slipstream.querycache.E001"}


def test_its_probe_sees_a_fragment_that_is_rendered_once(
    fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not fragment_cache.probe(configuration.current()).in_force  # the app isn't installed
    monkeypatch.setattr("django.apps.apps.is_installed", lambda _name: True)

    seen = fragment_cache.probe(configuration.current())

    assert seen.in_force
    assert seen.evidence["renderings_of_a_repeated_fragment"] == 0
    monkeypatch.setattr(fragments.store, "set", lambda *_args: None)
    fragments.store.delete(next(reversed(fragments.dependencies)))
    assert not fragment_cache.probe(configuration.current()).in_force


@pytest.mark.usefixtures("ann")
def test_its_command_shows_the_counters_of_all_processes(fragments: Fragments) -> None:
    for _ in range(2):
        show("{% cached 'it' people %}x{% endcached %}", lambda: {"people": User.objects.all()})
    fragments.publisher.publish()
    out = StringIO()

    call_command(Command(), stdout=out)

    told = json.loads(out.getvalue())
    assert told["fragments"]["it"] == {"hits": 1, "misses": 1, "flux": 0, "bypasses": {}}


def test_a_request_is_recorded_in_both_kinds_of_server() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(CURRENT.get() is not None))

    async def async_view(request: HttpRequest) -> HttpResponse:
        return view(request)

    plain: Any = RecordingMiddleware(view)(HttpRequest())
    later: Any = RecordingMiddleware(async_view)(HttpRequest())

    assert plain.content == asyncio.run(later).content == b"True"
    assert CURRENT.get() is None


def libraries(site: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = site["TEMPLATES"][-1]["OPTIONS"]["libraries"]
    return found


def test_the_tag_can_be_loaded_without_the_optimization_and_a_sites_own_stays_until_then() -> None:
    site, own = postgres_site(), postgres_site()
    own["TEMPLATES"][0]["OPTIONS"]["libraries"] = {"fragments": "site.tags", "more": "site.more"}

    apply(site, [])
    apply(own, [])
    assert libraries(site) == {"fragments": fragment_cache.LIBRARY}
    assert libraries(own)["fragments"] == "site.tags"

    apply(own, ["fragment-cache"])
    assert libraries(own) == {"fragments": fragment_cache.LIBRARY, "more": "site.more"}
