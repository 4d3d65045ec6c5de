"""The exceptions of slipstream, drawn once; each message is one line: fact, value, reason, remedy.

SlipstreamError
+-- ConfigurationError            a setting or an environment variable has a wrong value
    +-- UnknownOptimization       a name that is not in the table
    +-- ConflictingOptimizations  two levels of one factor
    +-- NotApplicable             the optimization has nothing to act on in this site
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ConfigurationError",
    "ConflictingOptimizations",
    "NotApplicable",
    "SlipstreamError",
    "UnknownOptimization",
    "did_you_mean",
]


class SlipstreamError(Exception):
    """Base of all errors that slipstream raises on purpose."""


class ConfigurationError(SlipstreamError):
    """A setting has a value that cannot work."""


class UnknownOptimization(ConfigurationError):
    """A requested name is not in the table of optimizations."""


class ConflictingOptimizations(ConfigurationError):
    """Two requested names are levels of the same factor."""


class NotApplicable(ConfigurationError):
    """An optimization was requested that this site gives nothing to act on."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return a remedy: the nearest of `choices`, or all of them where none is near."""
    known = sorted(choices)
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"
