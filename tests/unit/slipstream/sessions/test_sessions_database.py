"""Database sessions on the way back while Redis is away: they work, and no cookie is touched."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from slipstream import config as configuration
from slipstream.errors import ConfigurationError, NotApplicable
from slipstream.optimizations import apply
from slipstream.sessions import keys
from slipstream.sessions.settings import SessionsSettings
from tests.unit.slipstream.settings_of_a_site import postgres_site

from .conftest import COOKIE, Site
from .servers import closed_port

MOVING_BACK = "slipstream.sessions.database"


@pytest.fixture
def visitor(site: Site, db: None) -> Iterator[Client]:  # noqa: ARG001 - opens the database
    """A visitor whose session is in no table, while Redis can't be asked for it."""
    User.objects.create(pk=1, username="student", password="unusable")
    with closed_port() as address:
        yield site(address, SESSION_ENGINE=MOVING_BACK)


def test_page_sees_nobody_and_leaves_the_cookie(visitor: Client) -> None:
    response = visitor.get("/greet/")
    assert (response.status_code, response.content) == (200, b"hello AnonymousUser")
    assert "sessionid" not in response.cookies


def test_visitor_may_log_in_again(visitor: Client) -> None:
    assert visitor.post("/login/").headers["Location"] == "/member/"
    assert visitor.get("/member/").content == b"welcome student"
    assert visitor.cookies["sessionid"].value != COOKIE


def test_visitor_may_log_out(visitor: Client) -> None:
    visitor.post("/login/")
    visitor.post("/logout/")
    assert visitor.get("/member/").status_code == 302
    assert Session.objects.count() == 0


def test_write_goes_into_a_session_of_another_key(visitor: Client) -> None:
    assert visitor.get("/remember/").content == b"seen 1"
    assert visitor.get("/remember/").content == b"seen 2"
    assert visitor.cookies["sessionid"].value != COOKIE


def test_session_of_the_table_costs_the_query_that_it_costs_django(
    visitor: Client, django_assert_num_queries: Any
) -> None:
    visitor.get("/remember/")
    with django_assert_num_queries(1):
        assert visitor.get("/known/").content == b"known"


# --- settings


@pytest.fixture(autouse=True)
def _fresh_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "_installed", [])


@pytest.mark.parametrize("baseline", ["site", "story"])
def test_without_redis_sessions_the_engine_moves_back(
    baseline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_BASELINE", baseline)
    settings = postgres_site(SLIPSTREAM={"SESSIONS": {"MOVE_BACK": True}})

    apply(settings, [])

    assert settings["SESSION_ENGINE"] == MOVING_BACK
    assert settings["CACHES"]["sessions"]["BACKEND"].startswith("django_redis")
    assert "slipstream.sessions" in settings["INSTALLED_APPS"]


def test_with_redis_sessions_it_does_not() -> None:
    settings = postgres_site(SLIPSTREAM={"SESSIONS": {"MOVE_BACK": True}})
    apply(settings, ["redis-sessions"])
    assert settings["SESSION_ENGINE"] == "slipstream.sessions.redis"


def test_sessions_move_back_into_djangos_table_only() -> None:
    engine = "django.contrib.sessions.backends.cache"
    settings = postgres_site(SLIPSTREAM={"SESSIONS": {"MOVE_BACK": True}}, SESSION_ENGINE=engine)
    with pytest.raises(NotApplicable, match=rf"MOVE_BACK.*{engine}"):
        apply(settings, [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"MOVE_FROM": "cache"}, "MOVE_FROM'] is 'cache'"),
        ({"WARN_ABOVE": 80.0}, "WARN_ABOVE'] is 80.0"),
        ({"WARN_ABOVE": 0.0}, "WARN_ABOVE'] is 0.0"),
    ],
)
def test_value_out_of_range_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SessionsSettings(**values)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


# --- names


def test_no_name_that_is_stored_is_a_session_key() -> None:
    assert keys.is_session_key(COOKIE)
    stored = [keys.hashed_row(COOKIE), keys.digest(COOKIE), "health", ""]
    assert [name for name in stored if keys.is_session_key(name)] == []
    assert len(keys.hashed_row(COOKIE)) == Session._meta.get_field("session_key").max_length


@pytest.mark.usefixtures("visitor")
def test_all_that_redis_may_call_a_session_becomes_the_row_that_its_cookie_finds() -> None:
    names = [*keys.all_in_redis(COOKIE), f"{keys.prefix()}health"]
    row = keys.hashed_row(COOKIE)
    assert [keys.row_of_redis_key(name) for name in names] == [row, row, None]
