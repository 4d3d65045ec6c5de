"""`rust-templates`: the site's Django templates rendered by an engine in Rust, as they are.

The engine is the package django-rust-templates; the backend that names it is `rust_backend.py`.
"""

from itertools import islice

from django.template import engines

from slipstream.config import Config
from slipstream.optimization import Evidence, Settings
from slipstream.templates.backends import RUST_BACKEND, needed_backends
from slipstream.templates.cached import NO_TEMPLATE, django_engines
from slipstream.templates.names import PROBED_TEMPLATES, template_names

__all__ = ["apply", "probe"]


def apply(settings: Settings, config: Config) -> None:  # noqa: ARG001
    """Name the other engine wherever TEMPLATES names Django's; all else of an entry stays."""
    for backend in needed_backends(settings, "'rust-templates' has nothing to take over"):
        backend.setdefault("NAME", "django")  # as Django itself would name it
        backend["BACKEND"] = RUST_BACKEND


def probe(config: Config) -> Evidence:  # noqa: ARG001
    """In force: the site's templates are objects of the engine in Rust."""
    kinds = []
    for engine in django_engines():
        for name in islice(template_names(engine), PROBED_TEMPLATES):
            try:
                kinds.append(type(engine.get_template(name)).__module__)
            except NO_TEMPLATE:
                continue
    native = sum(kind.startswith("django_rust_templates") for kind in kinds)
    backends = sorted({type(backend).__module__ for backend in engines.all()})
    figures = {"backends": backends, "templates_loaded": len(kinds), "of_rust": native}
    return Evidence(in_force=bool(kinds) and native == len(kinds), evidence=figures)
