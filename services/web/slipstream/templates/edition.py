"""What compiled templates depend on beside their source: Python, packages, and code of the site.

Each is a digest that goes into the key of a compiled template, so that nothing foreign is found.
"""

import sys
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from slipstream import __version__

__all__ = ["code_digest", "digest", "edition"]


def digest(*parts: str | bytes) -> str:
    """Return a digest of these parts, each told apart from the next."""
    hashed = blake2b(digest_size=20)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        hashed.update(b"%d:" % len(content) + content)
    return hashed.hexdigest()


def edition(version: str) -> str:
    """Return the digest of this Python, all installed packages, and the site's own `version`."""
    return digest(__version__, version, _installed())


@cache
def _installed() -> str:
    """Return the digest of what is installed, from the names that installers give their folders."""
    folders = (Path(folder) for folder in sys.path if Path(folder).is_dir())
    packages = sorted({one.name for folder in folders for one in folder.glob("*-info")})
    return digest(sys.version, str(sys.implementation.cache_tag), *packages)


@cache
def code_digest(module: str) -> str:
    """Return the digest of a module's file as it was first asked for; without one, of its name.

    The module is found, not imported; its parents are.
    """
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return digest(module)
    path = Path(spec.origin) if spec and spec.origin else None
    return digest(module, path.read_bytes() if path and path.is_file() else b"")
