"""Django's own tests of a session store, `SessionTestsMixin`, over each of ours.

Run as one of Django's packages, by `--mode sessions`; that of the middleware is in `sessions_tests`.
"""

from typing import Any

from django.test import SimpleTestCase, TestCase, override_settings
from sessions_tests.tests import SessionTestsMixin

from slipstream.sessions import database, redis


class RedisSessionTests(SessionTestsMixin, SimpleTestCase):  # type: ignore[misc] # Django's tests are untyped
    backend: Any = redis.SessionStore


class MovingBackSessionTests(SessionTestsMixin, TestCase):  # type: ignore[misc] # as above
    backend: Any = database.SessionStore


@override_settings(USE_TZ=True)
class MovingBackSessionWithTimeZoneTests(MovingBackSessionTests):
    pass
