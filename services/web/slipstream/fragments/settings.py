"""SLIPSTREAM["FRAGMENTS"] as one frozen object; where fragments are stored is QUERY_CACHE's."""

from dataclasses import dataclass

__all__ = ["FragmentsSettings", "current"]


@dataclass(frozen=True, kw_only=True)
class FragmentsSettings:
    """SLIPSTREAM["FRAGMENTS"]: how long fragments live, how large, and what a mistake does.

    They are stored in the cache of generations, SLIPSTREAM["QUERY_CACHE"]["CACHE"], so that both come
    in one round trip. VERSION: part of every key; change it with code that changes what is rendered.
    STRICT: a fragment that depends on what its key doesn't name is an error; always so under DEBUG.
    COPIES_BYTES: what each process keeps of them for itself at most; a copy is shown only while its
    generations in the store hold.
    """

    TIMEOUT_SECONDS: int = 3600
    MAX_ENTRY_BYTES: int = 512 * 1024
    COPIES_BYTES: int = 16 * 1024 * 1024
    LEASE_WAIT_SECONDS: float = 0.5
    LEASE_SECONDS: int = 10
    STRICT: bool = False
    VERSION: str = ""


def current() -> FragmentsSettings:
    """Return the settings of this process."""
    from slipstream import config  # noqa: PLC0415 - config is made of this module's settings

    return config.current().fragments
