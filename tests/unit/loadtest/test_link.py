"""The link in front of a database: its time, its order, its ends. Real sockets on 127.0.0.1."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from loadtest.replica.link import listen

RTT_MS = 60.0
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def echo(reader: Reader, writer: Writer) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.write(b"bye\n")
    writer.close()


@asynccontextmanager
async def linked(
    serve: Callable[[Reader, Writer], Coroutine[Any, Any, None]] = echo, rtt_ms: float = RTT_MS
) -> AsyncIterator[tuple[Reader, Writer]]:
    """A connection through the link to a server."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        target = server.sockets[0].getsockname()
        async with await listen(rtt_ms, target, ("127.0.0.1", 0)) as link:
            before = descriptors()
            reader, writer = await asyncio.open_connection(*link.sockets[0].getsockname())
            yield reader, writer
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(5):  # nothing of a connection may stay open
                while descriptors() > before:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.01)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def ask(reader: Reader, writer: Writer) -> float:
    """How long a line takes to come back, in milliseconds."""
    began = time.perf_counter()
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    return (time.perf_counter() - began) * 1000


def test_an_answer_takes_a_round_trip_and_the_first_one_two() -> None:
    async def measure() -> list[float]:
        async with linked() as (reader, writer):
            return [await ask(reader, writer) for _ in range(4)]

    first, *others = asyncio.run(measure())
    assert first >= 2 * RTT_MS - 1
    assert RTT_MS - 1 <= min(others) < 2 * RTT_MS


def test_without_a_time_it_hands_on_at_once() -> None:
    async def measure() -> list[float]:
        async with linked(rtt_ms=0) as (reader, writer):
            return [await ask(reader, writer) for _ in range(4)]

    assert min(asyncio.run(measure())) < RTT_MS / 2


def test_what_is_sent_arrives_whole_and_in_order() -> None:
    async def send() -> bytes:
        async with linked(rtt_ms=2) as (reader, writer):
            for number in range(2000):
                writer.write(b"%d " % number)
                if number % 100 == 0:
                    await asyncio.sleep(0)
            writer.write(b"\n")
            return await reader.readline()

    assert asyncio.run(send()).split() == [b"%d" % number for number in range(2000)]


def test_the_end_of_one_side_reaches_the_other_after_what_was_said_before() -> None:
    async def end() -> bytes:
        async with linked() as (reader, writer):
            writer.write(b"last\n")
            writer.write_eof()
            return await reader.read()

    assert asyncio.run(end()) == b"last\nbye\n"


def test_a_server_that_hangs_up_is_noticed() -> None:
    async def hang_up(_reader: Reader, writer: Writer) -> None:
        writer.close()

    async def wait() -> bytes:
        async with linked(hang_up) as (reader, _writer):
            return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(wait()) == b""


def test_a_server_that_is_not_there_is_noticed() -> None:
    async def wait() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            target = server.sockets[0].getsockname()
        async with await listen(RTT_MS, target, ("127.0.0.1", 0)) as link:
            reader, writer = await asyncio.open_connection(*link.sockets[0].getsockname())
            try:
                return await asyncio.wait_for(reader.read(), 5)
            finally:
                writer.close()
                await writer.wait_closed()

    assert asyncio.run(wait()) == b""
