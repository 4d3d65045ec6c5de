"""Renders templates as a request does, and counts what that costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.template import Engine, RequestContext
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from slipstream.generations.recording import Recording, recorded
from slipstream.timing.counters import CURRENT, Counters

ENGINE = Engine(
    libraries={
        "fragments": "slipstream.fragments.tags",
        "i18n": "django.templatetags.i18n",
        "ours": "tests.unit.slipstream.fragments.ours",
    },
    builtins=["slipstream.fragments.tags"],
    context_processors=[
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ],
    loaders=[
        (
            "django.template.loaders.locmem.Loader",
            {
                "base.html": "{% cached 'body' %}{% block body %}base{% endblock %}{% endcached %}",
                "one.html": "{% extends 'base.html' %}{% block body %}one{% endblock %}",
                "two.html": "{% extends 'base.html' %}{% block body %}two{% endblock %}",
                "name.html": "{{ person.first_name }}",
            },
        )
    ],
)

Values = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    html: str
    queries: int


def visit(user: User | None = None, path: str = "/") -> HttpRequest:
    """Return a request of a visitor, whose user is read when somebody asks."""
    request = RequestFactory().get(path)
    request.session = SessionStore()

    def load() -> Any:
        return AnonymousUser() if user is None else User.objects.get(pk=user.pk)

    request.user = SimpleLazyObject(load)
    return request


def show(source: str, values: Values = dict, *, user: User | None = None, path: str = "/") -> Shown:
    """Render a template's text with values that a view makes, within one request."""
    return shown(ENGINE.from_string(source), values, visit(user, path))


def shown(template: Any, values: Values, request: HttpRequest) -> Shown:
    sent: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch), recorded(Recording()):
        html = template.render(RequestContext(request, values()))
    return Shown(html, len(sent))


def round_trips(action: Callable[[], object]) -> int:
    """Return how often the store was asked."""
    counters = Counters()
    token = CURRENT.set(counters)
    try:
        action()
    finally:
        CURRENT.reset(token)
    return counters.round_trips
