"""Reads accounts at both ends of a phase, in the generator's process, and gives the difference.

It reads there because only the generator knows to the millisecond when its warm-up is over.
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from loadtest.costs.cgroups import Account, Usage

__all__ = ("Meter",)


@dataclass
class Meter:
    """`accounts` by service. A container that is gone at either end is left out of the outcome."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    began: Mapping[str, Usage] = field(default_factory=dict)
    ended: Mapping[str, Usage] = field(default_factory=dict)
    own_began: float = 0.0
    own_ended: float = 0.0

    @classmethod
    def of(cls, accounts: Mapping[str, Mapping[str, str]]) -> Self:
        """A meter of accounts as an order has them."""
        return cls({name: Account(**folders) for name, folders in accounts.items()})

    def begin(self) -> None:
        self.began, self.own_began = self._read(), time.process_time()

    def end(self) -> None:
        self.own_ended, self.ended = time.process_time(), self._read()

    def costs(self, requests: int) -> dict[str, Any]:
        """CPU time in milliseconds between both ends, memory in bytes at the second.

        requests: those that were answered between them.
        """
        both = [name for name in self.began if name in self.ended]
        return {
            "requests": requests,
            "generator_cpu_ms": (self.own_ended - self.own_began) * 1000,
            "cpu_ms": {name: self.ended[name].cpu_ms - self.began[name].cpu_ms for name in both},
            "memory_bytes": {name: self.ended[name].memory_bytes for name in both},
            "peak_bytes": {name: self.ended[name].peak_bytes for name in both},
        }

    def _read(self) -> dict[str, Usage]:
        found = {}
        for name, account in self.accounts.items():
            with contextlib.suppress(OSError, ValueError, KeyError):
                found[name] = account.read()
        return found
