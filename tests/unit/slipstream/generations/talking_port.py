"""A port that says what the test tells it to: real sockets, no memcached behind them."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

END = b"END\r\n"


@dataclass
class Talk:
    """What happened at the port: the address, commands in order, and connections begun and ended."""

    address: tuple[str, int] = ("", 0)
    commands: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def location(self) -> str:
        """Return the address as LOCATION takes it."""
        return f"{self.address[0]}:{self.address[1]}"


def always(answer: bytes) -> Callable[[int], bytes]:
    """Give the same answer to every command."""
    return lambda _number: answer


@contextmanager
def talking_port(answer: Callable[[int], bytes | None]) -> Iterator[Talk]:
    """Answer command number n, from 0, by `answer(n)`; b"" says nothing, None hangs up."""
    talk = Talk()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            talk.connections += 1
            while command := self.request.recv(65536):
                talk.commands.append(command)
                words = answer(len(talk.commands) - 1)
                if words is None:
                    break
                self.request.sendall(words)
            talk.ended.set()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        talk.address = server.server_address  # type: ignore[assignment]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield talk
        finally:
            server.shutdown()
            thread.join()
