"""One rendering of one fragment: what it reads, what it uses without naming it, and what forbids sharing.

What may be used is decided by `admission.py`.
"""

from slipstream.fragments.errors import FragmentError
from slipstream.generations.recording import CURRENT, Recording

__all__ = ["Work", "note"]


class Work(Recording):
    """A fragment's recording. `identities` are of values that it uses though its key doesn't name them.

    strict: what forbids sharing is an error, where it is used.
    """

    __slots__ = ("error", "identities", "label", "named", "refused", "strict")

    def __init__(self, label: str, *, strict: bool, named: frozenset[str] = frozenset()) -> None:
        super().__init__(CURRENT.get())
        self.label = label
        self.strict = strict
        self.named = named
        self.identities: dict[str, str] = {}
        self.refused = ""
        self.error: FragmentError | None = None

    def refuse(self, what: str, remedy: str) -> None:
        """Note that it depends on something that can't be shared. Raises FragmentError where strict."""
        self.refused = self.refused or what
        if self.strict:
            self.error = self.error or FragmentError(
                f"the fragment {self.label!r} depends on {what}, which its key doesn't name: {remedy}"
            )
            raise self.error

    def check(self) -> None:
        """Raise what was refused: the template language drops errors within conditions."""
        if self.error is not None:
            raise self.error

    def vary(self, name: str, identity: str) -> None:
        """Note a value that becomes part of the key by itself."""
        self.identities.setdefault(name, identity)

    def end(self) -> None:
        """Hand over what was read; whoever holds what can't be shared can't be shared either."""
        super().end()
        if self.refused and self.outer is not None:
            self.outer.lose(f"a fragment in it that depends on {self.refused}")


def note(what: str, remedy: str) -> None:
    """Refuse what isn't a value of the context, where a fragment is being rendered."""
    work = CURRENT.get()
    if isinstance(work, Work) and what not in work.named:
        work.refuse(what, remedy)
