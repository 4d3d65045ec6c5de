"""A volume of secrets in a folder, and the service that fills it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.secrets.credentials.__main__ import update


def as_root() -> bool:
    """Only root may give a file to any group."""
    return os.geteuid() == 0


@dataclass
class Volume:
    """The two folders that the service sees, and what it said."""

    folder: Path
    given: Path
    said: list[str] = field(default_factory=list)

    def run(self, *, rotate: bool = False) -> list[str]:
        """Run the service once; return its lines."""
        self.said.clear()
        chown = os.fchown if as_root() else lambda *_: None
        update(self.folder, self.given, rotate=rotate, chown=chown, say=self.said.append)
        return list(self.said)

    def texts(self) -> dict[str, str]:
        """Return every file's text, by name."""
        return {path.name: path.read_text() for path in self.folder.iterdir()}

    def give(self, name: str, text: str | bytes) -> None:
        """Put a team's own secret into the folder."""
        (self.given / name).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """An empty volume, and nothing given."""
    made = Volume(tmp_path / "secrets", tmp_path / "given")
    made.folder.mkdir()
    made.given.mkdir()
    return made
