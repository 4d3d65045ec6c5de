"""A real Redis for sessions, made from services/redis, and the tiny site with its sessions there."""

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from redis import Redis
from redis.exceptions import RedisError

from slipstream.sessions.settings import SessionsSettings
from tests.unit.slipstream.sessions.sites import sites
from tests.unit.slipstream.sessions.tiny_site import settings_for

from .replica import ROOT, free_port, wait_until

IMAGE = "slipstream-test-sessions-redis"
PASSWORD = "\"'$:@/#% \\pass"
# Nothing that docs/redis-sessions.md doesn't ask for.
COMMANDS = "+get +set +del +exists +renamenx +pttl +watch +unwatch +multi +exec +info +scan"
START_SECONDS = 60
TIMING = "slipstream.timing.middleware.ServerTimingMiddleware"


class Server:
    """A Redis in a container, made from services/redis, that a test may kill."""

    def __init__(self, secrets: Path) -> None:
        self.port = free_port()
        self.name = f"{IMAGE}-{self.port}"
        self.password_file = secrets / "redis-web.password"
        self.password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
        digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
        acl = (
            "user default off\n"
            f"user web on #{digest} ~*:session:* -@all {COMMANDS}\n"
            "user admin on >admin ~* +@all\n"
        )
        (secrets / "redis-users.acl").write_text(acl, encoding="utf-8")
        secrets.chmod(0o755)
        self.secrets = secrets

    @property
    def admin(self) -> "Redis":
        return Redis(port=self.port, username="admin", password="admin", driver_info=None)

    def run(self) -> None:
        docker("build", "--quiet", "--tag", IMAGE, str(ROOT / "services/redis"))
        volume = f"{self.secrets}:/run/slipstream/secrets:ro"
        port = f"127.0.0.1:{self.port}:6379"
        docker("run", "-d", "--name", self.name, "-p", port, "-v", volume, IMAGE)
        self.wait()

    def wait(self) -> None:
        wait_until(self._answers, START_SECONDS, f"{self.name} answers")

    def _answers(self) -> bool:
        with suppress(RedisError), self.admin as client:
            return bool(client.ping())
        return False

    def kill(self) -> None:
        docker("kill", "--signal", "KILL", self.name)

    def start(self) -> None:
        docker("start", self.name)


def docker(*words: str) -> str:
    return subprocess.check_output(["docker", *words], text=True, stderr=subprocess.STDOUT)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("secrets"))
    try:
        made.run()
        yield made
    finally:
        with suppress(subprocess.CalledProcessError):
            docker("rm", "--force", "--volumes", made.name)


Start = Callable[..., Server]


@pytest.fixture
def start_site(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that puts the sessions of the tiny site into that server.

    engine: another session engine; other words go to `SessionsSettings`.
    """
    with sites(monkeypatch) as set_up:

        def start(engine: str = "", **changes: Any) -> Server:
            sessions = SessionsSettings(
                HOST="127.0.0.1",
                PORT=server.port,
                USERNAME="web",
                PASSWORD_FILE=str(server.password_file),
                **{"BREAKER_SECONDS": 0.1} | changes,
            )
            settings = {"MIDDLEWARE": [TIMING, *settings_for(sessions)["MIDDLEWARE"]]}
            set_up(sessions, **settings | ({"SESSION_ENGINE": engine} if engine else {}))
            return server

        yield start


@pytest.fixture
def site(start_site: Start) -> Server:
    """The tiny site with its sessions in that server."""
    return start_site()


class Browser(Client):
    """Gets 5xx as responses, and the site as it is set up at each request: a test may change that."""

    def request(self, **request: Any) -> Any:
        self.handler._middleware_chain = None
        return super().request(**request)


def browser() -> Client:
    return Browser(raise_request_exception=False)


def visitor() -> Client:
    client = browser()
    assert client.get("/remember/").content == b"seen 1"
    return client
