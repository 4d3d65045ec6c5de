"""The names under which a Django engine would find the templates on disk."""

from collections.abc import Iterator
from pathlib import Path

from django.template.engine import Engine
from django.template.loaders.cached import Loader as CachedLoader

__all__ = ["PROBED_TEMPLATES", "template_names"]

SUFFIXES = frozenset({".html", ".txt", ".xml", ".svg", ".js", ".json", ".email", ".subject"})
PROBED_TEMPLATES = 20
"""How many of the site's templates a probe looks at."""


def template_names(engine: Engine) -> Iterator[str]:
    """Yield each name once; files that no template usually is are passed over."""
    seen: set[str] = set()
    for folder in _folders(engine):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix in SUFFIXES and name not in seen and path.is_file():
                seen.add(name)
                yield name


def _folders(engine: Engine) -> Iterator[Path]:
    for outer in engine.template_loaders:
        loaders = outer.loaders if isinstance(outer, CachedLoader) else [outer]
        for loader in loaders:
            if hasattr(loader, "get_dirs"):
                yield from (Path(folder) for folder in loader.get_dirs())
