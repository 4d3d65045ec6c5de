"""HMAC over key and payload of all that is put into a cache: whoever can write there can't forge it.

Nothing is unpickled here; who unpickles asks `opened` first.
"""

import hmac

__all__ = ["MAC_BYTES", "Signer"]

MAC_BYTES = 32
VERSION = b"slipstream 1"


class Signer:
    """Signs with a key of its own, derived from the site's secret key."""

    def __init__(self, secret: str | bytes) -> None:
        given = secret.encode() if isinstance(secret, str) else secret
        self._key = hmac.digest(given, VERSION, "sha256")

    def signed(self, key: str, payload: bytes) -> bytes:
        """Return the payload behind the code that proves it ours, and this key's."""
        return self._code(key, payload) + payload

    def opened(self, key: str, value: bytes) -> bytes | None:
        """Return the payload, or None for what we didn't write under this key."""
        payload = value[MAC_BYTES:]
        code = self._code(key, payload)
        return payload if hmac.compare_digest(code, value[:MAC_BYTES]) else None

    def _code(self, key: str, payload: bytes) -> bytes:
        # No key of ours holds a NUL, so that nothing can move between key and payload.
        return hmac.digest(self._key, key.encode() + b"\0" + payload, "sha256")
