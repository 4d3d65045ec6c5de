"""Compiles all templates of the packages and puts them through bytes; prints the counts as JSON."""

import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.template import Origin, Template, engines
from django.template.engine import Engine

from slipstream.templates.names import SUFFIXES
from slipstream.templates.pickling import Unshareable, dumps, loads


def sources(package: str) -> Iterator[tuple[str, Path]]:
    """Yield the package's templates by the name that they have in it."""
    top = Path(str(import_module(package).__file__)).parent
    for folder in sorted(top.rglob("templates")):
        for path in sorted(folder.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and "jinja2" not in path.parts:
                yield path.relative_to(top).as_posix(), path


def compiled(path: Path, engine: Engine) -> Template:
    origin = Origin(name=str(path), template_name=path.name, loader=engine.template_loaders[0])
    return Template(path.read_text(encoding="utf-8"), origin, path.name, engine)


def shape(node: Any) -> Any:
    """A tree of nodes by their kinds, sources and places: what two compilations have in common."""
    if isinstance(node, list):
        return [shape(one) for one in node]
    lists = {name: shape(vars(node)[name]) for name in node.child_nodelists if name in vars(node)}
    token = getattr(node, "token", None)
    return type(node).__qualname__, sorted(vars(node)), token and token.contents, lists


def count(package: str, engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = {"compiled": 0, "shared": 0}
    found |= {"not shared": {}, "changed": {}, "not compiled": {}}
    for name, path in sources(package):
        try:
            template = compiled(path, engine)
        except Exception as error:  # whatever a tag raises
            found["not compiled"][name] = f"{type(error).__name__}: {error}"
            continue
        found["compiled"] += 1
        before = shape(template.nodelist)
        try:
            loads(template, dumps(template))
        except Unshareable as reason:
            found["not shared"][name] = str(reason)
            continue
        found["shared"] += 1
        if shape(template.nodelist) != before:
            found["changed"][name] = "another tree"
    return found


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.shareable.settings"
    django.setup()
    engine = engines["django"].engine
    packages = import_module("tests.shareable.settings").PACKAGES
    print(json.dumps({package: count(package, engine) for package in packages}))


if __name__ == "__main__":
    main()
