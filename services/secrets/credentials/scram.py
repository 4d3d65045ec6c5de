"""SCRAM-SHA-256 verifiers in the form that Postgres and PgBouncer store (RFC 5802, RFC 7677).

Only the server's side of the exchange: nobody logs in here.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode

ITERATIONS = 4096  # what Postgres itself uses (scram_iterations)
SALT_BYTES = 16
_FORM = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")


def verifier(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """`SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY` for a password of printable ASCII.

    SASLprep (RFC 4013) leaves printable ASCII as it is, so that it needs no code here.
    """
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    keys = f"{_text(stored_key)}:{_text(_hmac(salted, b'Server Key'))}"
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${keys}"


def verifies(known: str, password: str) -> bool:
    """Whether `known` is a verifier, made with today's iterations, of `password`."""
    found = _FORM.fullmatch(known)
    if found is None or int(found[1]) != ITERATIONS:
        return False
    return hmac.compare_digest(known, verifier(password, salt=b64decode(found[2])))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")
