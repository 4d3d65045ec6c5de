"""Sessions in Redis (profile `redis-sessions`): JSON only, and an outage logs nobody out.

Not here: the overlay that switches a site to them. For a site's settings it has to

- set `SESSION_ENGINE = "slipstream.sessions.redis"`;
- put `CACHES[sessions.ALIAS] = slipstream.sessions.settings.cache_settings(sessions)` beside the
  site's caches, and Django's own `default` (local memory) where the site defines no CACHES;
- put `slipstream.sessions.middleware.SessionMiddleware` into MIDDLEWARE where
  `django.contrib.sessions.middleware.SessionMiddleware` stands;
- append `slipstream.sessions` to INSTALLED_APPS, for the system checks. `django.contrib.sessions`
  stays: its table is what the database sessions of the baseline live in.

`sessions` is a `SessionsSettings`, as in `slipstream.config.current().sessions`. Redis must let the
user run GET, SET, DEL, EXISTS, RENAMENX, PTTL, WATCH, UNWATCH, MULTI and EXEC (and AUTH, SELECT) on
keys that match `*:session:*`; INFO for the warning before it is full, SCAN for the command that
moves all. The health check `ready` asks `slipstream.sessions.status.status()`.
"""
