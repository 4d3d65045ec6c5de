"""From SLIPSTREAM["SESSIONS"] to the connection: address, time-outs, password."""

from pathlib import Path

import pytest

from slipstream.sessions.pool import ConnectionFactory, PasswordFile
from slipstream.sessions.settings import SessionsSettings, cache_settings

AWKWARD = "\"'$:@/#% \\é"


def test_location_names_host_port_and_database_only() -> None:
    sessions = SessionsSettings(HOST="cache.example", PORT=6380, DATABASE=3, USERNAME="web")
    assert cache_settings(sessions)["LOCATION"] == "redis://cache.example:6380/3"


def test_location_of_an_ipv6_host_has_brackets() -> None:
    assert cache_settings(SessionsSettings(HOST="::1"))["LOCATION"] == "redis://[::1]:6379/0"


def _connection(sessions: SessionsSettings, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(ConnectionFactory, "_pools", {})
    entry = cache_settings(sessions)
    client = ConnectionFactory(entry["OPTIONS"]).connect(entry["LOCATION"])
    return client.connection_pool.make_connection()


def test_connection_takes_time_outs_and_database(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = SessionsSettings(
        DATABASE=2, CONNECT_TIMEOUT_SECONDS=0.2, READ_TIMEOUT_SECONDS=0.3, USERNAME="web"
    )
    connection = _connection(sessions, monkeypatch)
    taken = ["socket_connect_timeout", "socket_timeout", "db", "username"]
    assert [getattr(connection, name) for name in taken] == [0.2, 0.3, 2, "web"]


def test_a_killed_connection_is_tried_again_once_and_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    retry = _connection(SessionsSettings(), monkeypatch).retry  # type: ignore[attr-defined]
    assert (retry.get_retries(), retry._backoff.compute(1)) == (1, 0)


def test_password_goes_from_the_file_to_the_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "redis.password"
    file.write_text(f"{AWKWARD}\n", encoding="utf-8")
    sessions = SessionsSettings(USERNAME="web", PASSWORD_FILE=str(file))
    connection = _connection(sessions, monkeypatch)
    provider = connection.credential_provider  # type: ignore[attr-defined]
    assert provider.get_credentials() == ("web", AWKWARD)
    assert AWKWARD not in repr(cache_settings(sessions))


def test_rotated_password_is_read_by_the_next_connection(tmp_path: Path) -> None:
    file = tmp_path / "redis.password"
    file.write_text("first", encoding="utf-8")
    provider = PasswordFile("", str(file))
    assert provider.get_credentials() == ("first",)
    file.write_text("second\n\n", encoding="utf-8")
    assert provider.get_credentials() == ("second\n",)
