"""A verifier is what an independent server of RFC 5802 accepts a client's proof by.

The exchange here is written from the RFC, not from `credentials.scram`.
"""

import base64
import hashlib
import hmac

import pytest

from services.secrets.credentials import scram

# RFC 7677, section 3: the published exchange of user 'user' with password 'pencil'.
RFC_SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
RFC_NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
RFC_AUTH_MESSAGE = (
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    f"r={RFC_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    f"c=biws,r={RFC_NONCE}"
)
RFC_PROOF = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
RFC_SERVER_SIGNATURE = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def parts(verifier: str) -> tuple[int, bytes, bytes, bytes]:
    """Iterations, salt, StoredKey and ServerKey of a stored verifier."""
    mechanism, parameters, keys = verifier.split("$")
    assert mechanism == "SCRAM-SHA-256"
    iterations, salt = parameters.split(":")
    stored, server = keys.split(":")
    decode = base64.b64decode
    return int(iterations), decode(salt), decode(stored), decode(server)


def digest(key: bytes, message: str | bytes) -> bytes:
    text = message.encode() if isinstance(message, str) else message
    return hmac.new(key, text, hashlib.sha256).digest()


def salted(password: str, salt: bytes, iterations: int) -> bytes:
    """Hi() of RFC 5802, written out."""
    block = result = digest(password.encode(), salt + b"\0\0\0\1")
    for _ in range(iterations - 1):
        block = digest(password.encode(), block)
        result = bytes(a ^ b for a, b in zip(result, block, strict=True))
    return result


def proof_of(password: str, salt: bytes, iterations: int, message: str) -> bytes:
    """What a client sends: ClientKey XOR HMAC(StoredKey, AuthMessage)."""
    client_key = digest(salted(password, salt, iterations), "Client Key")
    signature = digest(hashlib.sha256(client_key).digest(), message)
    return bytes(a ^ b for a, b in zip(client_key, signature, strict=True))


def accepts(verifier: str, proof: bytes, message: str) -> bool:
    """What a server checks: H(proof XOR HMAC(StoredKey, AuthMessage)) is StoredKey."""
    _, _, stored_key, _ = parts(verifier)
    signature = digest(stored_key, message)
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    return hashlib.sha256(client_key).digest() == stored_key


def test_verifier_accepts_the_proof_published_in_rfc_7677() -> None:
    verifier = scram.verifier("pencil", salt=RFC_SALT)
    assert accepts(verifier, RFC_PROOF, RFC_AUTH_MESSAGE)


def test_verifier_signs_as_published_in_rfc_7677() -> None:
    *_, server_key = parts(scram.verifier("pencil", salt=RFC_SALT))
    assert digest(server_key, RFC_AUTH_MESSAGE) == RFC_SERVER_SIGNATURE


@pytest.mark.parametrize("password", ["\"'$:@/#% \\", " a  b ", "~" * 64])
def test_verifier_accepts_this_password_and_no_other(password: str) -> None:
    verifier = scram.verifier(password)
    iterations, salt, *_ = parts(verifier)
    assert accepts(verifier, proof_of(password, salt, iterations, "message"), "message")
    assert not accepts(verifier, proof_of(password + " ", salt, iterations, "message"), "message")


def test_each_verifier_has_a_salt_of_its_own() -> None:
    (_, one, *_), (_, other, *_) = (parts(scram.verifier("secret")) for _ in range(2))
    assert one != other
    assert len(one) == len(other) == 16


def test_verifies_knows_its_password() -> None:
    verifier = scram.verifier("secret")
    assert scram.verifies(verifier, "secret")
    assert not scram.verifies(verifier, "Secret")


@pytest.mark.parametrize(
    "text",
    ["", "secret", "SCRAM-SHA-256$4096:c2FsdA==$onlyone", scram.verifier("secret", iterations=1)],
)
def test_what_is_no_verifier_of_today_verifies_nothing(text: str) -> None:
    assert not scram.verifies(text, "secret")
