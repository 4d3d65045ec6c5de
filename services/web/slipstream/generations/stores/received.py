"""What a server answers over a socket, read piece by piece and in order; for text protocols."""

import socket

__all__ = ["Received"]

RECEIVED_BYTES = 1 << 16
SHOWN_BYTES = 32


class Received:
    """Sends messages, and reads the lines and values of the answers."""

    __slots__ = ("_at", "_bytes", "_connection")

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._bytes = b""
        self._at = 0

    def send(self, message: bytes) -> None:
        """Send a message; what was received before and not read yet is kept."""
        self._bytes, self._at = self._bytes[self._at :], 0
        self._connection.sendall(message)

    @property
    def rest(self) -> bytes:
        """Return the begin of what was received and not read yet."""
        return self._bytes[self._at : self._at + SHOWN_BYTES]

    def line(self) -> bytes:
        """Read up to the end of the line."""
        while (end := self._bytes.find(b"\r\n", self._at)) < 0:
            self._receive()
        line = self._bytes[self._at : end]
        self._at = end + 2
        return line

    def value(self, size: int) -> bytes:
        """Read so many bytes, and the end of their line."""
        end = self._at + size
        while len(self._bytes) < end + 2:
            self._receive()
        value = self._bytes[self._at : end]
        self._at = end + 2
        return value

    def _receive(self) -> None:
        received = self._connection.recv(RECEIVED_BYTES)
        if not received:
            raise ConnectionResetError("the server closed the connection")
        self._bytes += received
