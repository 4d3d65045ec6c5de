"""The Django application of the site.

Settings live in campus.settings, pages in campus.views.
"""

from django.apps import AppConfig


class CampusConfig(AppConfig):
    name = "campus"
    verbose_name = "Campus"
    default_auto_field = "django.db.models.BigAutoField"
