"""System checks of the sessions: each mistake has its id and a hint."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from slipstream import config
from slipstream.sessions.checks import check_sessions
from slipstream.sessions.redis import SessionStore
from slipstream.sessions.settings import SessionsSettings

from .tiny_site import settings_for


class Pickled:
    """A serializer as older versions of Django had it."""

    def dumps(self, value: Any) -> bytes:
        return pickle.dumps(value)


LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
REDIS = settings_for(SessionsSettings())["CACHES"]["sessions"]
MISTAKES: dict[str, dict[str, Any]] = {
    "slipstream.sessions.E001": {"SESSION_SERIALIZER": f"{__name__}.Pickled"},
    "slipstream.sessions.E002": {
        "MIDDLEWARE": ["django.contrib.sessions.middleware.SessionMiddleware"]
    },
    "slipstream.sessions.E003": {"CACHES": {"default": LOCAL, "sessions": LOCAL}},
    "slipstream.sessions.E004": {"CACHES": {"default": REDIS, "sessions": REDIS}},
}


def _found(sessions: SessionsSettings, monkeypatch: Any, **changes: Any) -> list[Any]:
    monkeypatch.setattr(config, "_installed", [config.Config(sessions=sessions)])
    with override_settings(**settings_for(sessions) | changes):
        return check_sessions()


def test_site_as_the_overlay_makes_it_has_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _found(SessionsSettings(), monkeypatch) == []


@pytest.mark.parametrize("identifier", MISTAKES)
def test_mistake_is_named_with_a_hint(identifier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (message,) = _found(SessionsSettings(), monkeypatch, **MISTAKES[identifier])
    assert message.id == identifier
    assert message.hint


def test_alias_that_no_cache_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (message,) = _found(SessionsSettings(), monkeypatch, CACHES={"default": LOCAL})
    assert (message.id, "'sessions'" in message.msg) == ("slipstream.sessions.E003", True)


def test_sessions_in_the_default_cache_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = SessionsSettings(ALIAS="default")
    (message,) = _found(sessions, monkeypatch, CACHES={"default": REDIS})
    assert message.id == "slipstream.sessions.E004"


def test_unreadable_password_file_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = SessionsSettings(PASSWORD_FILE=str(tmp_path / "missing"))
    (message,) = _found(sessions, monkeypatch)
    assert message.id == "slipstream.sessions.W001"


def test_other_session_engines_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = "django.contrib.sessions.backends.db"
    assert _found(SessionsSettings(), monkeypatch, SESSION_ENGINE=engine, MIDDLEWARE=[]) == []


def test_engine_refuses_a_serializer_that_is_not_json() -> None:
    with (
        override_settings(SESSION_SERIALIZER=f"{__name__}.Pickled"),
        pytest.raises(ImproperlyConfigured, match="does not write JSON"),
    ):
        SessionStore()
