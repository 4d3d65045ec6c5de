"""Who is served by which worker in a crawl."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from loadtest.safety.crawl import crawl
from loadtest.safety.line import Answer, Line, Visitor


@dataclass
class Worker:
    """Notes who asked it for what."""

    worker: int
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, path: str, visitor: Visitor) -> Answer:
        self.asked.append((str(visitor), path))
        return Answer(status=200, headers=(), text="", queries=0, worker=self.worker)


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_show_each_page_to_every_visitor_but_for_those_beyond_the_visits(
    workers: int,
) -> None:
    lines = [Worker(number) for number in range(workers)]
    visitors = [Visitor(), *(Visitor(user=name) for name in ("ann", "bob", "cid"))]

    crawl(cast("list[Line]", lines), visitors, ["/", "/people/", "/dashboard/"])

    for one in (str(visitor) for visitor in visitors):
        for path in ("/", "/people/", "/dashboard/"):
            served_by = [line.worker for line in lines if (one, path) in line.asked]
            assert len(served_by) == 2, (one, path)


def test_two_workers_show_each_page_to_each_visitor_once() -> None:
    lines: list[Any] = [Worker(0), Worker(1)]
    visitors = [Visitor(), Visitor(user="ann"), Visitor(user="bob"), Visitor(user="cid")]

    crawl(lines, visitors, ["/", "/people/"])

    for line in lines:
        assert sorted(line.asked) == sorted(
            (str(visitor), path) for visitor in visitors for path in ("/", "/people/")
        )
