"""What stands for a value of which a fragment's key names only parts: the other parts are refused."""

from typing import Any

from slipstream.fragments.work import Work

__all__ = ["OF_THE_SITE", "Refusing", "RequestOfFragment", "real_request"]

OF_THE_SITE = frozenset({"resolver_match", "current_app", "urlconf"})
"""What URLs are made of; it is in every key."""


class Refusing:
    """Gives the parts that are named, and refuses others, or itself as a text."""

    __slots__ = ("_name", "_paths", "_value", "_work")

    def __init__(self, value: Any, name: str, paths: frozenset[str], work: Work) -> None:
        self._value = value
        self._name = name
        self._paths = paths
        self._work = work

    def __getattr__(self, part: str) -> Any:
        """Return a part that is named, or one of which a part is."""
        return self._part(part, getattr(self._value, part))

    def __getitem__(self, part: Any) -> Any:
        """Do the same for an entry, as the template language asks for it first."""
        return self._part(str(part), self._value[part])

    def get(self, part: Any, default: Any = None) -> Any:
        """Do the same for an entry that may be missing."""
        return self._part(str(part), self._value.get(part, default))

    def _part(self, part: str, value: Any) -> Any:
        if part in self._paths:
            return value
        prefix = f"{part}."
        further = frozenset(
            path.removeprefix(prefix) for path in self._paths if path.startswith(prefix)
        )
        name = f"{self._name}.{part}"
        if further:
            return Refusing(value, name, further, self._work)
        self._refuse(name)
        return value

    def _refuse(self, name: str) -> None:
        self._work.refuse(f"the value {name!r}", f"add {name} to the tag")

    def __str__(self) -> str:
        """Refuse all of it, and say it."""
        self._refuse(self._name)
        return str(self._value)

    def __iter__(self) -> Any:
        """Refuse all of it, and go through it."""
        self._refuse(self._name)
        return iter(self._value)

    def __len__(self) -> int:
        """Refuse all of it, and count it."""
        self._refuse(self._name)
        return len(self._value)

    def __bool__(self) -> bool:
        """Refuse all of it, and say whether there is anything."""
        self._refuse(self._name)
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Refuse all of it, and compare it."""
        self._refuse(self._name)
        return bool(self._value == other)

    def __hash__(self) -> int:
        """Refuse all of it."""
        self._refuse(self._name)
        return hash(self._value)


class RequestOfFragment(Refusing):
    """A request in a fragment: tags make URLs of it, and may pass it on."""

    __slots__ = ()

    def __init__(self, value: Any, paths: frozenset[str], work: Work) -> None:
        super().__init__(value, "request", paths, work)

    def __bool__(self) -> bool:
        """Say that there is one."""
        return True

    def _part(self, part: str, value: Any) -> Any:
        return value if part in OF_THE_SITE else super()._part(part, value)


def real_request(request: Any) -> Any:
    """Return the request that fragments see something else of."""
    while isinstance(request, RequestOfFragment):
        request = request._value
    return request
