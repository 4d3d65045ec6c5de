"""The replica's settings with the pages of the rounds, and passwords that are quick to check."""

import importlib

_overlay = importlib.import_module("slipstream.overlay")
globals().update({name: getattr(_overlay, name) for name in dir(_overlay) if name.isupper()})

ROOT_URLCONF = "rounds_site.urls"
# Of 10,000 rounds with Django's own, all but a few seconds would go into hashes.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
