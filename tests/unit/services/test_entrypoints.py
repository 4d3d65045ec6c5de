"""Bad settings stop PgBouncer and Postgres before they start: one line, with value and remedy.

The entry points run as they are; on this machine the first thing they miss, where all settings
are good, is the volume of secrets.
"""

import subprocess
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[3] / "services"


def refusal(service: str, **environment: str) -> str:
    """Return the one line that the entry point stops with."""
    done = subprocess.run(
        ["sh", str(SERVICES / service / "entrypoint")],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.startswith(f"{service}: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "0"),
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "twenty"),
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "2 0"),
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "020"),
        ("PGBOUNCER_DEFAULT_POOL_SIZE", "99999999999999999999"),
        ("PGBOUNCER_RESERVE_POOL_SIZE", "-1"),
        ("PGBOUNCER_MAX_CLIENT_CONN", "2001"),
        ("PGBOUNCER_MAX_DB_CONNECTIONS", "1"),
        ("POSTGRES_MAX_CONNECTIONS", "9"),
        ("POSTGRES_PORT", "65536"),
        ("POSTGRES_PORT", "5432\npool_mode = session"),
    ],
)
def test_pgbouncer_refuses_a_number_out_of_range(name: str, value: str) -> None:
    line = refusal("pgbouncer", **{name: value.replace("\n", ";")})
    assert f"{name} is '{value}'".replace("\n", ";") in line
    assert "set a whole number from" in line


@pytest.mark.parametrize("host", ["-x", "a b", "post|gres", "host;port=1", "x/y", "ä"])
def test_pgbouncer_refuses_what_is_no_host(host: str) -> None:
    assert f"POSTGRES_HOST is '{host}'" in refusal("pgbouncer", POSTGRES_HOST=host)


@pytest.mark.parametrize(
    ("environment", "fact"),
    [
        ({"PGBOUNCER_DEFAULT_POOL_SIZE": "96"}, "above the 97 connections"),
        (
            {"PGBOUNCER_DEFAULT_POOL_SIZE": "90", "PGBOUNCER_RESERVE_POOL_SIZE": "6"},
            "above the 97 connections",
        ),
        (
            {"POSTGRES_MAX_CONNECTIONS": "20"},
            "above the 17 connections",
        ),
        ({"PGBOUNCER_MAX_DB_CONNECTIONS": "21"}, "below the pools' sum 22"),
        ({"PGBOUNCER_MAX_CLIENT_CONN": "19"}, "below PGBOUNCER_DEFAULT_POOL_SIZE '20'"),
    ],
)
def test_pgbouncer_refuses_impossible_sums(environment: dict[str, str], fact: str) -> None:
    assert fact in refusal("pgbouncer", **environment)


def test_pgbouncer_refuses_an_unknown_setting_and_lists_the_known() -> None:
    line = refusal("pgbouncer", PGBOUNCER_POOL_SIZE="20")
    assert "unknown setting 'PGBOUNCER_POOL_SIZE'" in line
    assert "PGBOUNCER_DEFAULT_POOL_SIZE, PGBOUNCER_RESERVE_POOL_SIZE" in line


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PGBOUNCER_DEFAULT_POOL_SIZE": "95"},
        {"PGBOUNCER_DEFAULT_POOL_SIZE": "15", "POSTGRES_MAX_CONNECTIONS": "20"},
        {"PGBOUNCER_MAX_DB_CONNECTIONS": "22", "POSTGRES_HOST": "10.0.0.1"},
    ],
)
def test_pgbouncer_accepts_what_adds_up_and_misses_only_its_secrets(
    environment: dict[str, str],
) -> None:
    assert "can't read '/run/slipstream/secrets/pgbouncer-userlist.txt'" in refusal(
        "pgbouncer", **environment
    )


@pytest.mark.parametrize("value", ["9", "301", "many", "1e2", "0100", "-5", "99999"])
def test_postgres_refuses_connections_out_of_range(value: str) -> None:
    line = refusal("postgres", POSTGRES_MAX_CONNECTIONS=value)
    assert f"POSTGRES_MAX_CONNECTIONS is '{value}'" in line
    assert "from 10 to 300" in line


@pytest.mark.parametrize("value", ["yes", "2", "-1"])
def test_postgres_refuses_tls_that_is_neither_on_nor_off(value: str) -> None:
    line = refusal("postgres", POSTGRES_TLS=value)
    assert f"POSTGRES_TLS is '{value}', neither on nor off: set 1 or 0" in line


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_service_without_its_secrets_says_what_to_run(service: str) -> None:
    line = refusal(service)
    assert "can't read '/run/slipstream/secrets/" in line
    assert "run the secrets service first" in line
