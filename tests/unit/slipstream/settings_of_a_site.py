"""The settings dictionaries of small sites, for tests of `apply`."""

from typing import Any


def postgres_site(**changes: Any) -> dict[str, Any]:
    """A plain site on PostgreSQL, with what `startproject` gives."""
    return {
        "DEBUG": False,
        "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.sessions"],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "site",
                "HOST": "db.example",
                "PORT": "5432",
                "USER": "site",
                "PASSWORD": "secret",
            }
        },
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "DIRS": [],
                "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
            }
        ],
    } | changes


def sqlite_site() -> dict[str, Any]:
    """The same site on SQLite."""
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}
    return postgres_site(DATABASES={"default": database})
