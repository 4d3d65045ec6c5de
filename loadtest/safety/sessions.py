"""Sessions: what one worker wrote the others see, and a cookie is dead everywhere after the log-out.

The cookies that a log-in sets are held against those of the baseline, flags and all.
"""

from collections.abc import Sequence

from loadtest.safety.difference import cookies
from loadtest.safety.line import Line
from loadtest.safety.login import HOME, is_logged_out, log_in, log_out, shows
from loadtest.safety.probe import Found

__all__ = ("log_in_and_out",)


def log_in_and_out(
    lines: Sequence[Line], user: str, rounds: int, expected: Sequence[str] | None
) -> tuple[Found, list[str]]:
    """Return what was found, and the cookies of the first log-in.

    expected: cookies as `difference.cookies` gives them; None where these are the ones to expect.
    """
    if len(lines) < 2:  # noqa: PLR2004 - the one that wrote, and another
        return Found.undone("only one worker process answered: nothing else could read"), []
    faults: list[str] = []
    seen: list[str] = []
    for number in range(rounds):
        writer = lines[number % len(lines)]
        visitor, answer = log_in(writer, user)
        seen = seen or cookies(answer)
        faults += [
            f"log-in {number} of {user}: worker {line.worker} doesn't know of it"
            for line in lines
            if not shows(line.get(HOME, visitor), user)
        ]
        stolen = visitor.again()
        log_out(lines[(number + 1) % len(lines)], visitor)
        faults += [
            f"log-out {number} of {user}: worker {line.worker} still takes the old cookie"
            for line in lines
            if not is_logged_out(line.get(HOME, stolen))
        ]
    if expected is not None and sorted(seen) != sorted(expected):
        faults.append(f"a log-in sets {sorted(seen)} instead of {sorted(expected)}")
    counts = {"log-ins": rounds, "processes": len(lines)}
    return Found.of(counts, faults, fault="faults"), seen
