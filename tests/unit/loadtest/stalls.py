"""What a stall does to visitors who arrive openly: the theory that measured latencies are held to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ("waits",)


def waits(arrivals: Sequence[float], stopped: float, continued: float) -> NDArray[np.float64]:
    """How long each waits: those who arrive while the site stands still, until it goes on again."""
    moments = np.array(arrivals)
    within = (moments >= stopped) & (moments < continued)
    return np.where(within, continued - moments, 0.0)
