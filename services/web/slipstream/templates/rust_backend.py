"""The template backend of `rust-templates`; to import it needs the package django-rust-templates."""

from typing import Any

from django.template.backends.django import DjangoTemplates
from django_rust_templates import Engine

from slipstream.templates.backends import djangos_loader

__all__ = ["RustTemplates"]


class RustTemplates(DjangoTemplates):
    """Django's own backend, so that the admin's check and Server-Timing find it, on the other engine."""

    def __init__(self, params: dict[str, Any]) -> None:
        options = dict(params["OPTIONS"])
        super().__init__(params)
        found = self.engine  # Django's: it has the defaults, and the libraries of all apps
        options |= {"libraries": found.libraries, "debug": found.debug}
        if options.get("loaders"):
            options["loaders"] = [djangos_loader(one) for one in options["loaders"]]
        options |= {"autoescape": found.autoescape, "file_charset": found.file_charset}
        self.engine = Engine(self.dirs, self.app_dirs, **options)
