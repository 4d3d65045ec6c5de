"""What the environment says about this installation, read once into a frozen object.

Turning it into Django settings is the business of campus.settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

DEVELOPMENT_KEY = "insecure-development-key-of-the-sample-site-never-used-with-debug-off"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SWITCH = {"": False, "0": False, "false": False, "no": False, "off": False} | dict.fromkeys(
    ("1", "true", "yes", "on"), True
)


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """Where the database server is, and who we are there."""

    host: str
    port: int
    name: str
    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """One installation of the site; `postgres` is None where SQLite is enough."""

    debug: bool
    https: bool
    secret_key: str
    allowed_hosts: tuple[str, ...]
    postgres: Postgres | None


def read(environ: Mapping[str, str]) -> Config:
    """Raises ImproperlyConfigured, in one line, for a value that can't be used."""
    postgres = _postgres(environ)
    debug = _switch(environ, "CAMPUS_DEBUG", default=postgres is None)
    hosts = environ.get("CAMPUS_ALLOWED_HOSTS", "")
    return Config(
        debug=debug,
        https=_switch(environ, "CAMPUS_HTTPS", default=False),
        secret_key=_secret_key(environ, debug=debug),
        allowed_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()) or LOOPBACK,
        postgres=postgres,
    )


def _postgres(environ: Mapping[str, str]) -> Postgres | None:
    host = environ.get("CAMPUS_DB_HOST", "")
    if not host:
        return None
    return Postgres(
        host=host,
        port=_port(environ),
        name=environ.get("CAMPUS_DB_NAME") or "campus",
        user=environ.get("CAMPUS_DB_USER") or "app",
        password=_file(environ, "CAMPUS_DB_PASSWORD_FILE") or "",
    )


def _port(environ: Mapping[str, str]) -> int:
    given = environ.get("CAMPUS_DB_PORT") or "5432"
    if not given.isdecimal() or not 0 < int(given) < 2**16:
        raise ImproperlyConfigured(
            f"CAMPUS_DB_PORT is {given!r}, not a port: give a number from 1 to 65535"
        )
    return int(given)


def _secret_key(environ: Mapping[str, str], *, debug: bool) -> str:
    key = _file(environ, "CAMPUS_SECRET_KEY_FILE")
    if key:
        return key
    if key is None and debug:
        return DEVELOPMENT_KEY
    reason = "is not set" if key is None else "names an empty file"
    raise ImproperlyConfigured(
        f"CAMPUS_SECRET_KEY_FILE {reason}, sessions could be forged:"
        " name a file that holds a long random key, or set CAMPUS_DEBUG=1 on your own machine"
    )


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    given = environ.get(name, "")
    if not given:
        return default
    if given.lower() not in SWITCH:
        raise ImproperlyConfigured(f"{name} is {given!r}, neither on nor off: give 1 or 0")
    return SWITCH[given.lower()]


def _file(environ: Mapping[str, str], name: str) -> str | None:
    """The text of the file that `name` names, without one newline at its end."""
    path = environ.get(name, "")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name} is {path!r}, which can't be read ({error}): name a readable text file"
        ) from error
