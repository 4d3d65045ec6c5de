"""What the sabotaged settings put into a site."""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.template import engines
from django.template.loaders.cached import Loader

from slipstream.sessions.middleware import SessionMiddleware

Respond = Callable[[Any], Any]


class DatabaseSessions(SessionMiddleware):
    """A site's own, derived as the documentation says; its sessions are in the database."""

    def __init__(self, get_response: Respond) -> None:
        super().__init__(get_response)
        self.SessionStore = SessionStore


def close_connections(get_response: Respond) -> Respond:
    """Leave no connection open after a request."""

    def respond(request: Any) -> Any:
        response = get_response(request)
        connections.close_all()
        return response

    return respond


def forget_templates(get_response: Respond) -> Respond:
    """Drop what is compiled before each page."""

    def respond(request: Any) -> Any:
        for loader in engines["django"].engine.template_loaders:
            if isinstance(loader, Loader):
                loader.reset()
        return get_response(request)

    return respond


class Direct:
    """Everything goes to the alias `direct`."""

    def db_for_read(self, model: Any, **hints: Any) -> str:  # noqa: ARG002
        return "direct"

    db_for_write = db_for_read

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:  # noqa: ARG002
        return True
