"""The one exception of the web service; its message is one line: fact, value, reason, remedy."""

__all__ = ["ReplicaError"]


class ReplicaError(Exception):
    """The replica was told something that cannot work, or a part of it does not answer."""
