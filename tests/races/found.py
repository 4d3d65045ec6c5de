"""What came of a run, and what of it breaks a promise."""

from dataclasses import dataclass, field

from tests.races.doom import Steps
from tests.races.options import Options, Setting

__all__ = ["START", "Found"]

START = "start"
LEAST_CALM_HITS = 0.5
MOST_RECOVERY_HOLDS = 2


@dataclass(slots=True)
class Found:
    """Figures of a run; seconds of recovery by fault, and of processors by readers and writers."""

    counters: dict[str, int] = field(default_factory=dict)
    calm_hit_ratio: float = 0.0
    hit_ratio: float = 0.0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Steps] = field(default_factory=dict)
    recovery_seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def steps_known(self) -> int:
        return sum(steps.known for steps in self.steps.values())

    @property
    def steps_hit(self) -> int:
        return sum(steps.hit for steps in self.steps.values())

    @property
    def longest_recovery(self) -> float:
        """From any fault but the start, at which there is no table to be cached *again*."""
        faults = self.recovery_seconds.items()
        return max((max(seconds) for name, seconds in faults if name != START), default=0.0)

    @staticmethod
    def limit(setting: Setting) -> float:
        """Return the seconds after which a table has to be cacheable again."""
        return MOST_RECOVERY_HOLDS * setting.options.hold_seconds

    def problems(self, setting: Setting) -> list[str]:
        """Return what breaks a promise, one line each."""
        options, counted = setting.options, self.counters
        broken = [f"{counted[name]} {name}" for name in ("stale", "back", "own") if counted[name]]
        if not options.judged_in_full:
            return broken
        broken += [f"{counted[name]} {name}" for name in ("failed", "unwritten") if counted[name]]
        if self.calm_hit_ratio < LEAST_CALM_HITS:
            broken.append(f"hit ratio {self.calm_hit_ratio:.2f} when calm, below {LEAST_CALM_HITS}")
        return broken + self._slow(self.limit(setting)) + self._spared(options)

    def _slow(self, limit: float) -> list[str]:
        return [
            f"not cacheable {max(seconds):.1f} s after {fault}, above {limit} s"
            for fault, seconds in self.recovery_seconds.items()
            if fault != START and max(seconds) > limit
        ]

    def _spared(self, options: Options) -> list[str]:
        if not options.every_step:
            return []
        kinds = self.steps.items()
        return [
            f"no writer killed at {kind} {steps.spared}" for kind, steps in kinds if steps.spared
        ]
