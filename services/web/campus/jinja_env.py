"""The environment of the site's Jinja2 templates, for Django's own Jinja2 backend.

`csrf_input`, `request` and the context processors' values come from the backend itself.
"""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment


def environment(**options: Any) -> Environment:
    env = Environment(**options)  # noqa: S701 - the backend turns autoescape on
    env.globals.update(static=static, url=reverse)
    return env
