"""Turns fragments on in this process, and for tests off again."""

from slipstream.fragments import instruments
from slipstream.fragments.switch import SWITCH
from slipstream.generations import hooks, recording
from slipstream.querycache import reads

__all__ = ["install", "uninstall"]


def install() -> None:
    """Put the hooks in; whether reads are answered from the cache is the query cache's."""
    hooks.install()
    reads.install(entries=False)
    instruments.install()
    recording.SWITCH.on = SWITCH.on = True


def uninstall() -> None:
    """Take all of it out again."""
    recording.SWITCH.on = SWITCH.on = False
    instruments.uninstall()
    reads.uninstall()
    hooks.uninstall()
