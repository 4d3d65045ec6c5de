"""Methods of libraries that are replaced by wrapped ones, once per process, and put back."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Patches", "Place"]

Function = Callable[..., Any]
Place = tuple[type[Any], str, Callable[[Function], Function]]
"""Owner, name of the method, and what makes the new one of the old one."""

MISSING = object()


class Patches:
    """A set of replacements that go in and out together."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._originals: list[tuple[type[Any], str, Any]] = []
        self._lock = threading.Lock()

    def install(self) -> None:
        """Put them in; a second call does nothing."""
        with self._lock:
            if self._originals:
                return
            for owner, name, wrap in self._places:
                self._originals.append((owner, name, vars(owner).get(name, MISSING)))
                setattr(owner, name, wrap(getattr(owner, name)))

    def uninstall(self) -> None:
        """Take them out: for tests, which have sites with and without them in one process."""
        with self._lock:
            while self._originals:
                owner, name, original = self._originals.pop()
                if original is MISSING:
                    delattr(owner, name)
                else:
                    setattr(owner, name, original)
