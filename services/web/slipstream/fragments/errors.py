"""What is raised where a fragment can't be shared; nothing of it in production.

FragmentError
+-- Unidentifiable    a value that can't be part of a key
"""

from slipstream.errors import SlipstreamError

__all__ = ["FragmentError", "Unidentifiable"]


class FragmentError(SlipstreamError):
    """A fragment depends on something that its key doesn't name. Raised under DEBUG and STRICT."""


class Unidentifiable(FragmentError):
    """A value whose content can't be told, as an open file's or a function's."""
