"""The environment decides what the installation is; what can't be used is said in one line.

The pages are tested elsewhere.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from campus.config import DEVELOPMENT_KEY, LOOPBACK, read

WEB = Path(__file__).parents[3] / "services" / "web"
KEY = "k3y-" + "".join(chr(33 + i % 90) for i in range(64))


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return str(path)


def test_nothing_said_means_sqlite_debug_and_a_development_key() -> None:
    site = read({})

    assert site.postgres is None
    assert site.debug
    assert (site.secret_key, site.allowed_hosts) == (DEVELOPMENT_KEY, LOOPBACK)


def test_database_host_means_postgres_and_no_debug(key_file: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("\"'$:@/#% \\ \n\n")
    site = read(
        {
            "CAMPUS_DB_HOST": "db",
            "CAMPUS_DB_PORT": "6432",
            "CAMPUS_DB_PASSWORD_FILE": str(password),
            "CAMPUS_SECRET_KEY_FILE": key_file,
            "CAMPUS_ALLOWED_HOSTS": "a.example, b.example,",
        }
    )

    assert site.postgres
    assert (site.postgres.host, site.postgres.port, site.postgres.user) == ("db", 6432, "app")
    assert site.postgres.password == "\"'$:@/#% \\ \n", "one newline at the end isn't part of it"
    assert not site.debug
    assert site.secret_key == KEY
    assert site.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"CAMPUS_DEBUG": "maybe"}, "CAMPUS_DEBUG is 'maybe', neither on nor off"),
        ({"CAMPUS_DEBUG": "0"}, "CAMPUS_SECRET_KEY_FILE is not set"),
        ({"CAMPUS_DB_HOST": "db"}, "CAMPUS_SECRET_KEY_FILE is not set"),
        ({"CAMPUS_SECRET_KEY_FILE": "/nowhere"}, "'/nowhere', which can't be read"),
        ({"CAMPUS_SECRET_KEY_FILE": "/dev/null"}, "names an empty file"),
        ({"CAMPUS_DB_HOST": "db", "CAMPUS_DB_PORT": "x"}, "CAMPUS_DB_PORT is 'x', not a port"),
        ({"CAMPUS_DB_HOST": "db", "CAMPUS_DB_PORT": "65536"}, "CAMPUS_DB_PORT is '65536'"),
        ({"CAMPUS_DB_HOST": "db", "CAMPUS_DB_PASSWORD_FILE": "/no"}, "CAMPUS_DB_PASSWORD_FILE"),
    ],
)
def test_unusable_value_is_named_with_a_remedy(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read(environ)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def manage(*arguments: str, cwd: Path = WEB, **environ: str) -> subprocess.CompletedProcess[str]:
    ours = ("CAMPUS_", "DJANGO_", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=cwd,
        env=inherited | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_deployment_check_has_nothing_to_say_with_https(key_file: str) -> None:
    done = manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        CAMPUS_DEBUG="0",
        CAMPUS_HTTPS="1",
        CAMPUS_SECRET_KEY_FILE=key_file,
    )

    assert done.returncode == 0, done.stderr


def test_deployment_check_without_https_names_only_what_https_brings(key_file: str) -> None:
    done = manage("check", "--deploy", CAMPUS_DEBUG="0", CAMPUS_SECRET_KEY_FILE=key_file)

    warnings = {word.strip("()?:") for word in done.stderr.split() if "security.W" in word}
    assert warnings == {"security.W004", "security.W008", "security.W012", "security.W016"}


def test_command_line_takes_other_settings_from_the_environment() -> None:
    done = manage("check", DJANGO_SETTINGS_MODULE="somewhere.else")

    assert done.returncode != 0
    assert "somewhere" in done.stderr


def test_site_runs_by_itself_on_sqlite(tmp_path: Path) -> None:
    shutil.copytree(WEB / "campus", tmp_path / "campus")
    shutil.copy(WEB / "manage.py", tmp_path)

    for command in (["migrate", "-v0"], ["seed", "--users", "5"], ["check"]):
        done = manage(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    assert (tmp_path / "db.sqlite3").exists()
