"""The one rule about where load may go: 127.0.0.1, for orchestrator and generator alike."""

from urllib.parse import urlsplit

from loadtest.errors import LabError

__all__ = ("require_loopback",)


def require_loopback(url: str) -> str:
    """The URL itself; raises LabError for any other host than 127.0.0.1, names included."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname == "127.0.0.1" and parts.username is None:
        return url
    raise LabError(f"refusing to load {url!r}: the lab only loads http://127.0.0.1")
