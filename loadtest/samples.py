"""Raw samples of one phase of a window: every response, as arrays of equal length in one .npz file.

Columns (missing Server-Timing: -1):
    start_s, latency_s      float64; start relative to the phase's own start, both monotonic clock
    status                  int16, 0 = no response
    page, error             uint8; index into the arrays `pages` and `errors` of names ('' = none)
    visitor                 uint16
    response_bytes          int32
    queries, connections, compiled, round_trips, jinja2               int32, counts of one request
    db_ms, connect_ms, template_ms, cache_ms, total_ms                float32
    lag_s                   float32, open phases only: sent so much later than intended; -1 where
                            nothing was intended: what follows within an action
and one value each: `schema`, `seconds` (length of the phase). Requests of the warm-up that ended
in it aren't there; those that began in it and ended in the phase have a negative start; those that
ended after the phase are there too, and don't count (`counted`). In open phases `start_s` is the
intended start, and what was to start within the phase counts, whenever it ended; the warm-up is there.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from loadtest import atomic
from loadtest.errors import StoreError

__all__ = ("COLUMNS", "COUNTS", "DURATIONS", "Samples", "load", "save")

SCHEMA = 1
COUNTS = ("queries", "connections", "compiled", "round_trips", "jinja2")
DURATIONS = ("db_ms", "connect_ms", "template_ms", "cache_ms", "total_ms")
COLUMNS: dict[str, str] = {
    "start_s": "f8",
    "latency_s": "f8",
    "status": "i2",
    "page": "u1",
    "error": "u1",
    "visitor": "u2",
    "response_bytes": "i4",
    **dict.fromkeys(COUNTS, "i4"),
    **dict.fromkeys(DURATIONS, "f4"),
}
LAG = {"lag_s": "f4"}


@dataclass(frozen=True)
class Samples:
    """The columns by name, the names of pages and errors, and the phase's length in seconds.

    An open phase's has a column more: LAG.
    """

    columns: Mapping[str, NDArray[Any]]
    pages: tuple[str, ...]
    errors: tuple[str, ...]
    seconds: float

    @classmethod
    def of(
        cls, rows: Sequence[Mapping[str, Any]], seconds: float, *, arrivals: bool = False
    ) -> Self:
        """Samples from rows with a value per column; `page` and `error` as names.

        arrivals: they are of an open phase.
        """
        pages = tuple(sorted({row["page"] for row in rows}))
        errors = ("", *sorted({row["error"] for row in rows} - {""}))
        codes = {
            "page": {name: code for code, name in enumerate(pages)},
            "error": {name: code for code, name in enumerate(errors)},
        }
        columns = {
            name: np.array(
                [codes[name][row[name]] if name in codes else row[name] for row in rows], kind
            )
            for name, kind in (COLUMNS | (LAG if arrivals else {})).items()
        }
        return cls(columns, pages, errors, seconds)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Responses that arrived within the phase, or were to be sent within it if it is open."""
        start = self.columns["start_s"]
        if "lag_s" not in self.columns:
            return self._within(start + self.columns["latency_s"])
        return self._within(start)

    @property
    def served(self) -> NDArray[np.bool_]:
        """Good responses that arrived within the phase: throughput is their number per second."""
        end = self.columns["start_s"] + self.columns["latency_s"]
        fine: NDArray[np.bool_] = self._within(end) & (self.columns["error"] == 0)
        return fine

    def _within(self, moments: NDArray[np.float64]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (moments >= 0) & (moments < self.seconds)
        return inside

    @property
    def good(self) -> NDArray[np.bool_]:
        fine: NDArray[np.bool_] = self.counted & (self.columns["error"] == 0)
        return fine

    @property
    def latencies_ms(self) -> NDArray[np.float64]:
        values: NDArray[np.float64] = self.columns["latency_s"][self.good] * 1000
        return values

    @property
    def lags_ms(self) -> NDArray[np.float64]:
        """How late the arrivals of an open phase were sent; of others none."""
        lags = self.columns.get("lag_s", np.array([]))
        values: NDArray[np.float64] = lags[self.counted & (lags >= 0)] if lags.size else lags
        return values * 1000

    def values(self, column: str) -> NDArray[Any]:
        """A Server-Timing column of the good responses that carry it."""
        column_values = self.columns[column][self.good]
        known: NDArray[Any] = column_values[column_values >= 0]
        return known


def save(path: Path, samples: Samples) -> None:
    def fill(file: IO[bytes]) -> None:
        arrays: Any = dict(samples.columns)
        np.savez_compressed(
            file,
            schema=SCHEMA,
            seconds=samples.seconds,
            pages=np.array(samples.pages, "U"),
            errors=np.array(samples.errors, "U"),
            **arrays,
        )

    atomic.write(path, fill)


def load(path: Path) -> Samples:
    """Raises StoreError for a file that is missing, damaged or of another schema."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"can't read raw samples {str(path)!r}: {error}") from None
    if int(content.get("schema", 0)) != SCHEMA:
        raise StoreError(
            f"raw samples {str(path)!r} are of another schema than {SCHEMA}: measure again"
        )

    # A column that the run's lab didn't have yet.
    unknown = np.full(len(content["status"]), -1, "i4")
    return Samples(
        columns={name: content.get(name, unknown) for name in COLUMNS}
        | {name: content[name] for name in LAG.keys() & content.keys()},
        pages=tuple(str(name) for name in content["pages"]),
        errors=tuple(str(name) for name in content["errors"]),
        seconds=float(content["seconds"]),
    )
