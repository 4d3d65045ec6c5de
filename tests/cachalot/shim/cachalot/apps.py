"""The app that the models of the tests belong to."""

from django.apps import AppConfig


class CachalotConfig(AppConfig):
    name = "cachalot"
    label = "cachalot"
