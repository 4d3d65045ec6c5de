"""The app that the table of counters belongs to."""

from django.apps import AppConfig


class RacesConfig(AppConfig):
    name = "tests.races"
    label = "races"
