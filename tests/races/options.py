"""What a run is told, and what each of its processes knows."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.libraries import SLIPSTREAM, django_settings
from benchmarks.services import Postgres, Server

DATABASE = "postgres"
CONTROL = "races-control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `python -m tests.races --help`."""

    library: str
    store: str
    seconds: float
    reads: int
    every_step: bool
    readers: int
    writers: int
    rows: int
    reads_per_write: int
    hold_seconds: float
    calm_seconds: float
    faults: tuple[str, ...]
    kills: int
    seed: int

    @property
    def judged_in_full(self) -> bool:
        """Whether hit ratio, recovery and failures count too: promises of ours alone."""
        return self.library == SLIPSTREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the processes share."""

    options: Options
    postgres: Postgres
    server: Server
    folder: Path

    def django(self, name: str) -> dict[str, object]:
        """Return the settings of the process with this name."""
        return django_settings(
            library=self.options.library,
            store=self.options.store,
            url=self.server.url,
            postgres=self.postgres,
            database=DATABASE,
            apps=["tests.races"],
            slipstream={"GENERATIONS": {"HOLD_SECONDS": self.options.hold_seconds}},
            application_name=name,
        )

    @property
    def dsn(self) -> str:
        """The database for a connection that goes past Django and every cache."""
        there = self.postgres
        return (
            f"host={there.host} port={there.port} user={there.user} password={there.password} "
            f"dbname={DATABASE} application_name={CONTROL}"
        )
