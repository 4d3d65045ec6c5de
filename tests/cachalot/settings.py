"""Settings of a run, as cachalot's own but for the cache."""

import json
import os
from typing import Any

from tests.cachalot.sources import ROOT

POSTGRES: dict[str, Any] | None = json.loads(os.environ["CACHALOT_POSTGRES"])

_sqlite = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": "cachalot.sqlite3",
    # A file, so that several threads of a test may connect.
    "TEST": {"NAME": str(ROOT / ".cache" / "test-cachalot.sqlite3")},
}
DATABASES: dict[str, Any] = {"default": _sqlite}
if POSTGRES:
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **POSTGRES}}
    DATABASES["sqlite3"] = _sqlite
DATABASE_ROUTERS = ["cachalot.tests.db_router.PostgresRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}
SLIPSTREAM = {
    # Nobody else writes: what is missing need not be left alone for the seconds of a COMMIT.
    "GENERATIONS": {"HOLD_SECONDS": 0.001},
    "QUERY_CACHE": {"AUTO_BYPASS": False},
}

INSTALLED_APPS = [
    "cachalot",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",  # the look-up `unaccent`
    "slipstream.querycache",
]
MIGRATION_MODULES = {"cachalot": "cachalot.tests.migrations"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECRET_KEY = "of a test"
USE_TZ = False
TIME_ZONE = "UTC"
TEST_RUNNER = "tests.cachalot.runner.Runner"
