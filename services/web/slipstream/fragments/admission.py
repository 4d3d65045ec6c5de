"""What a fragment may use, value by value: what its key names, and what the database says.

A queryset that wasn't evaluated, or an object of the ORM's that was read where reads are recorded,
becomes part of the key by itself. Anything else has to be named: else one visitor might be shown what
was made for another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import LazyObject, SimpleLazyObject

from slipstream.fragments.errors import Unidentifiable
from slipstream.fragments.identities import identity_of, unwrapped
from slipstream.fragments.refusals import OF_THE_SITE, Refusing, RequestOfFragment, real_request
from slipstream.fragments.work import Work
from slipstream.generations.recording import Lost

__all__ = ["Admission", "Paths", "paths_of"]

Paths = Mapping[str, frozenset[str]]
"""By the name of a value, what of it a key names: '' for all, 'pk' or 'user.pk' for a part."""

KEYS = frozenset({"pk", "id"})
OF_THE_VISITOR = {
    "COOKIES": "cookies",
    "META": "what the visitor's browser sent",
    "headers": "headers",
    "csrf_input": "the CSRF token",
    "user": "the visitor",
    "perms": "the visitor's permissions",
    "messages": "the visitor's messages",
    "session": "the session",
}


def paths_of(expressions: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return what keys name, given as written: 'person', 'user.pk'."""
    named: dict[str, frozenset[str]] = {}
    for expression in expressions:
        root, _, rest = expression.partition(".")
        named[root] = named.get(root, frozenset()) | {rest}
    return named


class Admission:
    """Lets one rendering use values by name, and notes them in its Work."""

    def __init__(self, work: Work, named: Paths, request: Any) -> None:
        self._work = work
        self._named = named
        self._request = request

    def admitted(self, name: str, value: Any) -> Any:
        """Return the value, or what stands for it. Raises FragmentError where it has to be named."""
        paths = self._named.get(name, frozenset())
        if "" in paths:
            return value
        if isinstance(value, HttpRequest | RequestOfFragment):
            return RequestOfFragment(value, paths, self._work)
        if name == "csrf_token":  # tags hand it on without using it
            return _when_used(value, lambda: self._refuse("the CSRF token", "csrf_token"))
        if paths:
            return self._partly(name, value, paths)
        if name in OF_THE_VISITOR or self._is_visitor(value):
            self._refuse(OF_THE_VISITOR.get(name, "the visitor"), name)
        elif not self._vary(name, value):
            self._refuse(f"the value {name!r}", name)
        return value

    def names(self, name: str) -> bool:
        """Say whether the key names a value, or a part of it."""
        return name in self._named

    def use(self, name: str, value: Any, used: Sequence[str]) -> None:
        """Note the use of parts of a value, '' for all of it. Raises FragmentError as `admitted` does."""
        paths = self._named.get(name, frozenset())
        if isinstance(value, HttpRequest | RequestOfFragment):
            used = [path for path in used if path.partition(".")[0] not in OF_THE_SITE]
        if "" in paths or all(_is_part(path, paths) for path in used):
            return
        admitted = self.admitted(name, value)
        if isinstance(admitted, Refusing):
            missing = next(path for path in used if not _is_part(path, paths))
            self._refuse(f"the value {name!r}", f"{name}.{missing}" if missing else name)
        elif name == "csrf_token":
            str(admitted)

    def _partly(self, name: str, value: Any, paths: frozenset[str]) -> Any:
        """A model's instance is named by its key; of all else, only the parts that are."""
        whole = None if KEYS.isdisjoint(paths) else unwrapped(value)
        if isinstance(whole, Model | AnonymousUser):
            if not self._vary(name, whole):
                self._refuse(f"the value {name!r}", name)
            return value
        return Refusing(value, name, paths, self._work)

    def _is_visitor(self, value: Any) -> bool:
        if isinstance(value, LazyObject):  # as request.user is, under whatever name
            return True
        visitor = getattr(real_request(self._request), "_cached_user", None)
        return visitor is not None and value is visitor

    def _vary(self, name: str, value: Any) -> bool:
        """Make a value part of the key, if it may be without being named."""
        if name in self._work.identities:
            return True
        lazy = isinstance(value, QuerySet) and value._result_cache is None
        if not (lazy or _of_the_database(value)):
            return False
        try:
            identity = identity_of(value)
        except Unidentifiable:
            return False
        if identity.tables and not lazy:
            reads = self._work.before(frozenset(identity.tables))
            if reads is None or (isinstance(reads, Lost) and reads.always):
                return False
            if isinstance(reads, Lost):  # by an outage, for example: nobody's mistake
                self._work.lose(reads.reason)
            else:
                self._work.reads += reads
        self._work.vary(name, identity.text)
        return True

    def _refuse(self, what: str, name: str) -> None:
        remedy = REMEDIES.get(name) or f"add {name} (or what it shows of it) to the tag"
        self._work.refuse(what, remedy)


NEW_ON_EVERY_PAGE = "it is new on every page; leave the form out of the fragment"
REMEDIES = {
    "csrf_input": NEW_ON_EVERY_PAGE,
    "csrf_token": NEW_ON_EVERY_PAGE,
    "messages": "leave them out of the fragment",
    "user": "add user.pk to the tag",
}


def _is_part(path: str, paths: frozenset[str]) -> bool:
    return any(path == one or path.startswith(f"{one}.") for one in paths)


def _of_the_database(value: Any) -> bool:
    """Say whether a value is made of rows alone, and of some: an empty list may come from anywhere."""
    if isinstance(value, Model):
        return not value._state.adding
    if isinstance(value, QuerySet | AnonymousUser):  # of whom there is one
        return True
    return isinstance(value, list | tuple) and bool(value) and all(map(_of_the_database, value))


def _when_used(value: Any, refuse: Callable[[], None]) -> Any:
    def used() -> Any:
        refuse()
        return unwrapped(value)

    return SimpleLazyObject(used)
