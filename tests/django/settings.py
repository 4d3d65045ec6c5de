"""Settings of one process of the suite: what Django's own test_sqlite.py says, and the query cache."""

from typing import Any

import django

from slipstream.sessions.settings import SessionsSettings, cache_settings
from tests.django.plan import Plan, Server

plan = Plan.from_environment()


def sqlite() -> dict[str, Any]:
    # Statements kept by the driver are not prepared again, and the authorizer would not see them.
    options = {"cached_statements": 0} if plan.mode.watched else {}
    return {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}


def postgresql(server: Server, alias: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": f"django_{plan.number}_{alias}",
        "HOST": server.host,
        "PORT": server.port,
        "USER": server.user,
        "PASSWORD": server.password,
    }


DATABASES = {
    alias: postgresql(plan.server, alias) if plan.server else sqlite()
    for alias in ("default", "other")
}

SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if django.VERSION < (6, 0):  # from there on the tests expect what Django's default is
    DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Of its own: tests clear and replace the default one.
    "slipstream": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "slipstream",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

if plan.mode.cached:
    SLIPSTREAM = {
        # Nobody else writes: what is missing need not be left alone for the seconds of a COMMIT.
        "GENERATIONS": {"HOLD_SECONDS": 0.001},
        "QUERY_CACHE": {
            "CACHE": "slipstream",
            "VERIFY": plan.mode.verify,
            "AUTO_BYPASS": False,
            "EXCLUDE": (),
        },
    }

if plan.mode.sessions:
    # Another alias than the default: of that one Django's tests say that it isn't there.
    address = {"ALIAS": "slipstream-sessions", "HOST": "127.0.0.1", "PORT": plan.redis_port}
    CACHES[address["ALIAS"]] = cache_settings(SessionsSettings(**address))
    SLIPSTREAM = {"SESSIONS": address}
    SESSION_ENGINE = "slipstream.sessions.redis"

TEST_RUNNER = "tests.django.recorder.Runner"
