"""The lab's errors, and the one-line form in which they reach the user.

LabError
├── SettingsError     a setting, a scenario or a run's name that can't be used
├── ReplicaError      Compose, a container or the machine doesn't do its part
├── TruthError        a cell doesn't do what its set of optimizations says
├── GeneratorError    the load generator failed or went silent
├── InvalidWindow     a window's figures would be the generator's, not the replica's: measure it again
├── StoreError        results can't be written or read
└── BudgetError       the run is over, and surely breaks its budget
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = (
    "BudgetError",
    "GeneratorError",
    "InvalidWindow",
    "LabError",
    "ReplicaError",
    "SettingsError",
    "StoreError",
    "TruthError",
    "suggestion",
)


class LabError(Exception):
    """Ends the run; its text is one line: fact, value, reason, remedy."""

    exit_code = 1


class SettingsError(LabError):
    exit_code = 2


class ReplicaError(LabError):
    pass


class TruthError(LabError):
    pass


class GeneratorError(LabError):
    pass


class InvalidWindow(LabError):
    pass


class StoreError(LabError):
    pass


class BudgetError(LabError):
    exit_code = 3


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean 'pgbouncer'?`, or the list of what there is."""
    choices = sorted(known)
    close = get_close_matches(name, choices, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(choices)}"
