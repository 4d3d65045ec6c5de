"""Django's template contexts while a fragment is rendered: what it looks up is admitted first.

What the fragment itself sets, as a loop's variable, lies above the guard and is free.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.template import Context
from django.template.loader_tags import BlockNode

from slipstream.fragments.admission import Admission

__all__ = ["Guard", "guarded"]

CONSTANTS = frozenset({"True", "False", "None"})


class Guard(Mapping[str, Any]):
    """The layers of a context below a fragment, as one."""

    def __init__(self, layers: list[Any], admission: Admission) -> None:
        self._layers = layers
        self._admission = admission
        self._admitted: dict[str, Any] = {}
        self.over = False  # a test client keeps contexts, and looks into them later

    def __getitem__(self, name: str) -> Any:
        """Return a value of the context. Raises FragmentError where it has to be named."""
        if name in self._admitted:
            return self._admitted[name]
        value = self._found(name)
        if self.over:
            return value
        if name not in CONSTANTS and not isinstance(value, BlockNode):
            value = self._admission.admitted(name, value)
        self._admitted[name] = value
        return value

    def _found(self, name: str) -> Any:
        for layer in reversed(self._layers):
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a value; that is no use of it."""
        return any(name in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        """Go through all names: what flattens a context uses all of it."""
        return iter({name for layer in self._layers for name in layer})

    def __len__(self) -> int:
        """Return how many there are."""
        return len({name for layer in self._layers for name in layer})


@contextmanager
def guarded(context: Context, admission: Admission, request: Any) -> Iterator[None]:
    """Let what is rendered with a context see it through the guard alone."""
    layers = context.dicts
    guard = Guard(layers, admission)
    context.dicts = [layers[0], guard, {}]
    if request is not None:
        context.request = admission.admitted("request", request)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        context.dicts = layers
        guard.over = True
        if request is not None:
            context.request = request  # type: ignore[attr-defined]
