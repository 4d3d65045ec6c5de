"""The loader of `shared-templates`: Django's cached one, which asks the shelf before it compiles."""

from collections.abc import Iterator

from django.template import Origin, TemplateDoesNotExist
from django.template.base import NodeList, Template
from django.template.engine import Engine
from django.template.loaders.base import Loader as BaseLoader
from django.template.loaders.cached import Loader as CachedLoader

from slipstream.templates.edition import code_digest, digest, edition
from slipstream.templates.names import template_names
from slipstream.templates.pickling import Unreadable, Unshareable, dumps, loads
from slipstream.templates.settings import current
from slipstream.templates.settled import Settling
from slipstream.templates.shelf import shelf

__all__ = ["Loader"]


class SharedTemplate(Template):
    """A template that is compiled only where no process has put it on the shelf."""

    def compile_nodelist(self) -> NodeList:
        """Return what is on the shelf; else compile, and put it there for the others."""
        key = key_of(self.engine, self.origin, self.source)
        content = shelf().get(key)
        if content is None or not self._is_loaded(content):
            self.nodelist = super().compile_nodelist()
            self._share(key)
        return self.nodelist

    def _is_loaded(self, content: bytes) -> bool:
        try:
            loads(self, content)
        except Unreadable:
            shelf().counts["unreadable"] += 1
            return False
        return True

    def _share(self, key: str) -> None:
        try:
            shelf().put(key, dumps(self))
        except Unshareable:
            shelf().counts["unshareable"] += 1


def key_of(engine: Engine, origin: Origin, source: str) -> str:
    """Return the key of a template: all that its compiled form depends on is in it."""
    made_by = edition(current().VERSION)
    names = (str(origin.name), str(origin.template_name))
    return f"t:{digest(made_by, _dialect(engine), *names, source)}"


def _dialect(engine: Engine) -> str:
    """Return the digest of what an engine makes of a source, beside the source itself."""
    libraries = [f"{name} {code_digest(path)}" for name, path in sorted(engine.libraries.items())]
    builtins = [code_digest(path) for path in engine.builtins]
    return digest(str(engine.debug), repr(engine.loaders), *libraries, *builtins)


class _SharingLoader(BaseLoader):
    """What Django's cached loader finds behind it: Django's own loading, with shared templates."""

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        """Return the first template of that name that isn't to be skipped."""
        tried = []
        for origin in self.get_template_sources(template_name):
            if skip is not None and origin in skip:
                tried.append((origin, "Skipped to avoid recursion"))
                continue
            try:
                contents = self.get_contents(origin)  # type: ignore[attr-defined]
            except TemplateDoesNotExist:
                tried.append((origin, "Source does not exist"))
                continue
            return SharedTemplate(contents, origin, template_name, self.engine)
        raise TemplateDoesNotExist(template_name, tried=tried)


class Loader(CachedLoader, Settling, _SharingLoader):
    """Keeps templates in the process, as Django's cached loader does; `super()` there is ours."""

    def load(self, template_name: str) -> Template:
        """Return a template past what this process keeps."""
        return _SharingLoader.get_template(self, template_name)

    def keys(self) -> Iterator[str]:
        """Yield the keys of all templates that can be found by name."""
        for name in template_names(self.engine):
            key = self.key(name)
            if key is not None:
                yield key

    def key(self, template_name: str) -> str | None:
        """Return the key of a template; None where there is no source that can be read."""
        for origin in self.get_template_sources(template_name):
            try:
                return key_of(self.engine, origin, self.get_contents(origin))
            except TemplateDoesNotExist:
                continue
            except UnicodeDecodeError:
                return None
        return None
