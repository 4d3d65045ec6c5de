"""The sample's settings, with two pages more."""

from campus.settings import *  # noqa: F403

ROOT_URLCONF = "bench_urls"
