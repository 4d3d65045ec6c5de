"""Write-then-read: what was written through one worker shows at once in all of them, to anybody.

A round writes a post, a comment or a name through the site's own form, and once that is answered it
reads the pages that show it: in the other workers first, as its writer and as another user.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from loadtest.safety.difference import difference
from loadtest.safety.fields import fields
from loadtest.safety.line import Answer, Line, Visitor
from loadtest.safety.login import send
from loadtest.safety.probe import Found

__all__ = ("KINDS", "Seat", "Writing", "write_then_read")

KINDS = ("post", "comment", "name")
NAME = "Probe"
OK = 200


class Seat(NamedTuple):
    """A line to a worker of a cell, and the two users with cookies that are valid there."""

    cell: str
    line: Line
    writer: Visitor
    reader: Visitor


@dataclass
class Writing:
    """One cell's probe. `elsewhere`: seats in other cells that promise to see its writes.

    mark: begins every text, so that no other probe's is taken for its own.
    """

    seats: Sequence[Seat]
    elsewhere: Sequence[Seat]
    mark: str
    posts: list[str] = field(default_factory=list)
    name: str = ""
    reads: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def profile(self) -> str:
        """The page of the writer's profile."""
        return f"/people/{quote(self.seats[0].writer.user)}/"

    @property
    def found_by_name(self) -> str:
        """The page of people whose name the probe has changed."""
        return f"/people/?q={NAME}"

    def write(self, kind: str, number: int) -> tuple[str, str, list[str]]:
        """Return the text that was written, the one that it took the place of, and where it shows."""
        seat = self.seats[number % len(self.seats)]
        # Markup: an engine that doesn't escape it is found, too.
        text = f"{NAME} <i>{self.mark}-{number}</i> & more"
        if kind == "name":
            before, self.name = self.name, text
            self.rename(seat, text)
            return text, before, [self.profile, self.found_by_name, *self.posts[-1:]]
        form, path = "/posts/new/", "/posts/new/"
        if kind == "comment":
            form, path = self.posts[-1], f"{self.posts[-1]}comments/"
        page = seat.line.get(form, seat.writer)
        target = send(seat.line, path, seat.writer, page, {"body": text}).header("Location")
        if kind == "post":
            self.posts.append(target)
        return text, "", [target, self.profile]

    def rename(self, seat: Seat, name: str) -> str:
        """Change the writer's name; return what it was."""
        page = seat.line.get("/profile/edit/", seat.writer)
        filled = fields(page.text)
        send(seat.line, "/profile/edit/", seat.writer, page, filled | {"name": name})
        seat.line.get(self.profile, seat.writer)  # shows the message that it is saved, once
        return filled.get("name", "")

    def read(self, kind: str, number: int, text: str, before: str, paths: Sequence[str]) -> None:
        """Ask all workers, the one that wrote last."""
        begin = number % len(self.seats) + 1
        for seat in [*self.seats[begin:], *self.elsewhere, *self.seats[:begin]]:
            line = seat.line
            for visitor in (seat.reader, seat.writer):
                for path in paths:
                    what = _stale(line.get(path, visitor), text, before)
                    self.reads += 1
                    if what:
                        where = f"{path} as {visitor}, worker {line.worker} of {seat.cell!r}"
                        self.faults.append(f"{kind} {number}, {where}: {what}")

    def unlike(self, baseline: Seat, *, as_tree: bool) -> None:
        """Hold the pages that were written against the baseline's, which has no cache."""
        own = self.seats[0]
        for path in [self.profile, *self.posts[-1:]]:
            for visitor, theirs in ((own.writer, baseline.writer), (own.reader, baseline.reader)):
                expected, found = baseline.line.get(path, theirs), own.line.get(path, visitor)
                what = difference(expected, found, as_tree=as_tree)
                self.reads += 1
                if what:
                    self.faults.append(f"{path} as {visitor}, compared with the baseline: {what}")


def write_then_read(writing: Writing, rounds: int, baseline: Seat, *, as_tree: bool) -> Found:
    """Run so many rounds, each kind in turn, then give the writer the old name back."""
    if len(writing.seats) < 2:  # noqa: PLR2004 - the one that writes, and another
        return Found.undone("only one worker process answered: nothing else could read")
    writing.name = f"{NAME} {writing.mark}"
    old = writing.rename(writing.seats[0], writing.name)
    try:
        for number, kind in _turns(rounds):
            writing.read(kind, number, *writing.write(kind, number))
        writing.unlike(baseline, as_tree=as_tree)
    finally:
        writing.rename(writing.seats[0], old)
    counts = {"writes": rounds, "reads": writing.reads, "processes": len(writing.seats)}
    counts["other cells"] = len(writing.elsewhere)
    return Found.of(counts, writing.faults, fault="stale")


def _turns(rounds: int) -> Iterator[tuple[int, str]]:
    for number in range(rounds):
        yield number, KINDS[number % len(KINDS)]


def _stale(answer: Answer, text: str, before: str) -> str:
    if answer.status != OK:
        return f"status {answer.status}"
    if f"<i>{text.partition('<i>')[2].partition('</i>')[0]}</i>" in answer.text:
        return "what was written isn't escaped"
    shown = html.unescape(answer.text)
    if text not in shown:
        return "what was written isn't there"
    if before and before in shown:
        return "what was there before still is"
    return ""
