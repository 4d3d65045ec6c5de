"""The replica's settings, with one thing broken that nobody would see: SABOTAGE names it.

Every function takes the final settings and changes them as a slip of an operator would.
"""

import importlib
import os
from typing import Any

Settings = dict[str, Any]


def sessions_in_the_database(settings: Settings) -> None:
    """Somebody's later line brings Django's default back."""
    settings["SESSION_ENGINE"] = "django.contrib.sessions.backends.db"


def middleware_with_a_store_of_its_own(settings: Settings) -> None:
    """SESSION_ENGINE says Redis, but the site's own middleware doesn't look there."""
    settings["MIDDLEWARE"] = [
        "sabotage.middleware.DatabaseSessions" if name.endswith(".SessionMiddleware") else name
        for name in settings["MIDDLEWARE"]
    ]


def age_beside_the_databases(settings: Settings) -> None:
    """CONN_MAX_AGE at the wrong level: Django ignores it there, without a word."""
    settings["CONN_MAX_AGE"] = settings["DATABASES"]["default"].pop("CONN_MAX_AGE")


def connections_closed_by_a_middleware(settings: Settings) -> None:
    """Well meant, against leaks: close all connections after each request."""
    settings["MIDDLEWARE"] = [*settings["MIDDLEWARE"], "sabotage.middleware.close_connections"]


def unknown_pooler(settings: Settings) -> None:
    """The database's host is a pooler by another name."""
    settings["DATABASES"]["default"] |= {"HOST": os.environ["POOLER"], "PORT": 6432}


def no_pool(settings: Settings) -> None:
    """OPTIONS are written anew by a later line."""
    settings["DATABASES"]["default"]["OPTIONS"] = {}


def past_the_pooler(settings: Settings) -> None:
    """HOST is the database again; all else is as the optimization left it."""
    settings["DATABASES"]["default"] |= {"HOST": "postgres", "PORT": 5432}


def reads_routed_past_the_pooler(settings: Settings) -> None:
    """A router sends everything to the alias that was meant for migrations."""
    settings["DATABASES"]["direct"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    settings["DATABASE_ROUTERS"] = ["sabotage.middleware.Direct"]


def cache_of_each_process(settings: Settings) -> None:
    """The alias is Django's default again: memory of the process, shared with nobody."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings["CACHES"] = settings["CACHES"] | {"default": {"BACKEND": backend}}


def loaders_without_cache(settings: Settings) -> None:
    """Explicit loaders, as a site's development settings have them."""
    loaders = ("filesystem", "app_directories")
    names = [f"django.template.loaders.{name}.Loader" for name in loaders]
    settings["TEMPLATES"][-1]["OPTIONS"]["loaders"] = names


def loaders_reset_by_a_middleware(settings: Settings) -> None:
    """Templates are read anew for each request, so that edits show."""
    settings["MIDDLEWARE"] = [*settings["MIDDLEWARE"], "sabotage.middleware.forget_templates"]


def djangos_own_loaders(settings: Settings) -> None:
    """The baseline that isn't one: Django caches templates by itself."""
    backend = settings["TEMPLATES"][-1]
    backend["OPTIONS"].pop("loaders")
    backend["APP_DIRS"] = True


def no_jinja2(settings: Settings) -> None:
    """TEMPLATES is written anew by a later line."""
    settings["TEMPLATES"] = [
        one for one in settings["TEMPLATES"] if not one["BACKEND"].endswith("Jinja2")
    ]


def djangos_own_engine(settings: Settings) -> None:
    """BACKEND is what the project's template says again."""
    settings["TEMPLATES"][-1]["BACKEND"] = "django.template.backends.django.DjangoTemplates"


def jinja2_without_the_pages(settings: Settings) -> None:
    """Jinja2 is there and compiles, but of the pages it has none."""
    jinja2 = settings["TEMPLATES"][0]
    jinja2 |= {"APP_DIRS": False, "DIRS": ["/opt/sabotage/sabotage/templates"]}


def no_timing(settings: Settings) -> None:
    """The header that says what each response cost is gone."""
    settings["MIDDLEWARE"] = [
        name for name in settings["MIDDLEWARE"] if not name.endswith("ServerTimingMiddleware")
    ]


_overlay = importlib.import_module("slipstream.overlay")
globals().update({name: getattr(_overlay, name) for name in dir(_overlay) if name.isupper()})
globals()[os.environ["SABOTAGE"]](globals())
