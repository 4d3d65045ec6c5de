"""Where the repository's parts are, seen from the lab. Nothing is created here."""

from pathlib import Path

__all__ = ("COMPOSE_FILE", "RESULTS", "ROOT", "SCENARIO", "WEB")

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "compose.yaml"
WEB = ROOT / "services" / "web"
SCENARIO = Path(__file__).resolve().parent / "scenario.toml"
RESULTS = ROOT / "loadtest" / "results"
