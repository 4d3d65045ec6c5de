"""One account: what was done to it, what every session of it has to find, and where it doesn't.

Each thing is done by one worker, and all of them are asked as soon as it has answered.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.rounds.client import Answer, TryAgain, Worker

__all__ = ["Account"]

T = TypeVar("T")

HOW = ("save", "update", "sql")
MOST_SESSIONS = 3
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Session:
    """A cookie, and whether it is logged in while the account is active."""

    cookie: str
    valid: bool = True


@dataclass(slots=True)
class Account:
    """An account that nobody else changes; `wrong` has a line for each answer that is."""

    name: str
    workers: Sequence[Worker]
    choose: random.Random
    password: str = "first"
    old_password: str = "never"
    active: bool = True
    groups: dict[str, bool] = field(default_factory=lambda: {"group": False, "permission": False})
    sessions: list[Session] = field(default_factory=list)
    answers: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    done: str = "nothing"

    def begin(self) -> None:
        """Make the account anew, and log in once for each worker."""
        self.password, self.active, self.sessions = "first", True, []
        self.groups = dict.fromkeys(self.groups, False)
        self._any().post("begin", username=self.name, password=self.password)
        for _ in self.workers:
            self._patiently(self.log_in)

    def round(self) -> None:
        """Do one thing through one worker, and see what all of them make of it."""
        try:
            self.choose.choice(self._possible())()
        except TryAgain:
            self.refused += 1
            self.begin()
        self.check()

    def check(self) -> None:
        """Ask each worker for each session."""
        for session in self.sessions:
            for number, worker in enumerate(self.workers):
                answer = self._patiently(worker.get, "me", session.cookie)
                self._compare(answer, session, number)

    # --- what can be done

    def log_in(self) -> None:
        self.done = "log-in"
        answer = self._log_in(self.password)
        self._expect(answer.said.get("name") == (self.name if self.active else ""), answer)
        if answer.cookie:
            self.sessions = [*self.sessions, Session(answer.cookie)][-MOST_SESSIONS:]

    def log_in_with_the_old_password(self) -> None:
        self.done = "log-in with the old password"
        answer = self._log_in(self.old_password)
        self._expect(answer.said.get("name") == "" and not answer.cookie, answer)

    def log_out(self) -> None:
        self.done = "log-out"
        session = self._logged_in()
        answer = self._any().post("log-out", session.cookie)
        self._expect(answer.said.get("name") == "", answer)
        session.valid = False

    def change_own_password(self) -> None:
        self.done = "own password"
        session = self._logged_in()
        answer = self._any().post("own-password", session.cookie, value=self._new_password())
        self._expect(answer.said.get("name") == self.name and bool(answer.cookie), answer)
        for each in self.sessions:
            each.valid = False
        self.sessions = [*self.sessions, Session(answer.cookie or "")][-MOST_SESSIONS:]

    def change_password(self) -> None:
        self.change("password", self.choose.choice(HOW), self._new_password())
        for session in self.sessions:
            session.valid = False

    def toggle_active(self) -> None:
        self.active = not self.active
        self.change("active", self.choose.choice(HOW), str(int(self.active)))

    def toggle_group(self) -> None:
        what = self.choose.choice(sorted(self.groups))
        self.groups[what] = not self.groups[what]
        self.change(what, self.choose.choice(HOW), str(int(self.groups[what])))

    def change(self, what: str, how: str, value: str) -> None:
        """Have an operator change the account; what is expected then is the caller's matter."""
        self.done = f"{what} by {how}"
        answer = self._any().post("change", username=self.name, what=what, how=how, value=value)
        self._expect(answer.status == 200, answer)

    # --- how

    def _possible(self) -> list[Callable[[], None]]:
        always = [
            self.log_in,
            self.log_in_with_the_old_password,
            self.change_password,
            self.toggle_active,
            self.toggle_group,
        ]
        if not self.active:
            return always
        by_visitor = [self.log_out, self.change_own_password]
        # A session is needed for most of what is checked: log in more often than anything else.
        return [*always, self.log_in, *(by_visitor if self._has_session() else [])]

    def _has_session(self) -> bool:
        return any(session.valid for session in self.sessions)

    def _logged_in(self) -> Session:
        return self.choose.choice([session for session in self.sessions if session.valid])

    def _any(self) -> Worker:
        return self.choose.choice(self.workers)

    def _log_in(self, password: str) -> Answer:
        return self._any().post("log-in", username=self.name, password=password)

    def _new_password(self) -> str:
        self.old_password, self.password = self.password, f"{self.choose.getrandbits(64):x}"
        return self.password

    def _patiently(self, ask: Callable[..., T], *words: str) -> T:
        """Ask until there is an answer: a slow Redis is asked again after a moment only."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return ask(*words)
            except TryAgain:
                self.refused += 1
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _compare(self, answer: Answer, session: Session, number: int) -> None:
        logged_in = session.valid and self.active
        expected = (self.name if logged_in else "", logged_in and any(self.groups.values()))
        seen = (answer.said.get("name"), answer.said.get("may"))
        self._expect(seen == expected, answer, f"worker {number} expected {expected}")

    def _expect(self, right: bool, answer: Answer, what: str = "by the page itself") -> None:
        self.answers += 1
        if not right:
            self.wrong.append(f"{self.name}, after {self.done}: {what}: {answer}")
