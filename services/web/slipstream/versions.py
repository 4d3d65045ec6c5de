"""The versions of what serves this site, for reports and bug reports."""

import platform
from importlib.metadata import PackageNotFoundError, version

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from slipstream import __version__

__all__ = ["versions"]

PACKAGES = ("Django", "gunicorn", "psycopg", "psycopg-pool", "django-redis", "redis", "Jinja2")


def versions() -> dict[str, str]:
    """Return names and versions; what isn't installed or doesn't answer is left out."""
    found = {"slipstream": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package.lower()] = version(package)
        except PackageNotFoundError:
            continue
    return found | _database()


def _database() -> dict[str, str]:
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        return {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            (text,) = cursor.fetchone()
    except DatabaseError:
        return {}
    return {"postgresql": str(text)}
