"""Jinja2's byte code on the shelf: signed, and found only by an environment that compiles alike.

Jinja2's own MemcachedBytecodeCache unmarshals whatever it gets: who can write there runs code.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import BytecodeCache, Environment, __version__
from jinja2.bccache import Bucket

from slipstream.templates.edition import code_digest, digest, edition
from slipstream.templates.settings import current
from slipstream.templates.shelf import Shelf

__all__ = ["SharedBytecode"]

SYNTAX = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix"),
    *("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline"),
    *("optimized", "is_async", "sandboxed"),
)
"""Attributes of an environment that its compiled templates depend on."""


class SharedBytecode(BytecodeCache):
    """Byte code of all processes; without an answer Jinja2 compiles, as it would without us."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what is on the shelf, if it is ours."""
        code = self.shelf.get(_key(bucket))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Put what was compiled on the shelf."""
        self.shelf.put(_key(bucket), bucket.bytecode_to_string())

    def has(self, environment: Environment, name: str) -> bool:
        """Say whether a template's byte code is there, found by its present source."""
        if environment.loader is None:
            return False
        source, filename, _ = environment.loader.get_source(environment, name)
        return self.get_bucket(environment, name, filename, source).code is not None


def _key(bucket: Bucket) -> str:
    made_by = edition(current().VERSION)
    return f"j:{digest(made_by, _dialect(bucket.environment), bucket.key, bucket.checksum)}"


def _dialect(environment: Environment) -> str:
    """Return the digest of what an environment makes of a source, beside the source itself."""
    syntax = [repr(getattr(environment, name)) for name in SYNTAX]
    generator = environment.code_generator_class
    kinds = [type(environment), generator, *map(type, environment.extensions.values())]
    # What is constant in a template is filtered, tested and finalized when it is compiled.
    applied = [*environment.filters.items(), *environment.tests.items()]
    called = sorted(f"{name} {_code(one)}" for name, one in applied)
    code = map(_code, [environment.finalize, *kinds])
    return digest(__version__, _escaping(environment), *syntax, *code, *called)


def _escaping(environment: Environment) -> str:
    """Name what decides whether a template escapes: a function decides by the template's name.

    `select_autoescape` returns one that closes over its arguments.
    """
    decides = environment.autoescape
    if isinstance(decides, bool):
        return str(decides)
    closed = [repr(cell.cell_contents) for cell in getattr(decides, "__closure__", None) or ()]
    return f"{_code(decides)} {closed}"


def _code(used: Callable[..., Any] | None) -> str:
    """Name a function or a class, with the digest of its module; of other objects, their class."""
    named: Any = used if hasattr(used, "__qualname__") else type(used)
    module = getattr(named, "__module__", None) or "builtins"
    return f"{module}.{named.__qualname__} {code_digest(module)}"
