"""Sessions in a real Redis: kept over its kill, saved as Django's own engines save them."""

import hashlib
import json
import logging
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.test import AsyncClient, Client, override_settings
from redis import Redis
from redis.exceptions import RedisError

from slipstream import config
from slipstream.sessions import connection
from slipstream.sessions.errors import SessionUnavailable
from slipstream.sessions.pool import ConnectionFactory
from slipstream.sessions.redis import SessionStore
from slipstream.sessions.settings import SessionsSettings
from slipstream.sessions.status import is_available
from tests.unit.slipstream.sessions.tiny_site import settings_for

from .replica import ROOT, free_port, wait_until

IMAGE = "slipstream-test-sessions-redis"
PASSWORD = "\"'$:@/#% \\pass"
START_SECONDS = 60
TRY_AGAIN = 429


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
            f"user web on #{digest} ~* -@all +get +set +del +exists\n"
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("secrets"))
    try:
        made.run()
        yield made
    finally:
        with suppress(subprocess.CalledProcessError):
            docker("rm", "--force", "--volumes", made.name)


@pytest.fixture
def site(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The tiny site with its sessions in that server."""
    sessions = SessionsSettings(
        HOST="127.0.0.1",
        PORT=server.port,
        USERNAME="web",
        PASSWORD_FILE=str(server.password_file),
        BREAKER_SECONDS=0.1,
    )
    monkeypatch.setattr(config, "_installed", [config.Config(sessions=sessions)])
    monkeypatch.setattr(ConnectionFactory, "_pools", {})
    connection.breaker.cache_clear()
    settings = settings_for(sessions)
    timing = "slipstream.timing.middleware.ServerTimingMiddleware"
    settings["MIDDLEWARE"] = [timing, *settings["MIDDLEWARE"]]
    with override_settings(**settings):
        yield server
    for pool in ConnectionFactory._pools.values():
        pool.disconnect()
    connection.breaker.cache_clear()


def _client() -> Client:
    return Client(raise_request_exception=False)


def _visitor() -> Client:
    client = _client()
    assert client.get("/remember/").content == b"seen 1"
    return client


@pytest.fixture
def student(db: None) -> User:  # noqa: ARG001
    return User.objects.create(pk=1, username="student", password="unusable")


@pytest.mark.usefixtures("site", "student")
def test_login_and_logout_as_ever() -> None:
    client = _client()
    assert client.post("/login/").headers["Location"] == "/member/"
    assert client.get("/member/").content == b"welcome student"
    logged_in = client.cookies["sessionid"].value
    client.post("/logout/")
    assert client.cookies["sessionid"].value == ""
    assert not SessionStore().exists(logged_in)


@pytest.mark.usefixtures("site", "student")
def test_login_gives_the_session_another_key_and_keeps_its_data() -> None:
    client = _visitor()
    before = client.cookies["sessionid"].value
    client.post("/login/")
    after = client.cookies["sessionid"].value
    assert before != after
    assert not SessionStore().exists(before)
    assert SessionStore(after)["seen"] == 1


@pytest.mark.usefixtures("site")
def test_a_session_costs_a_round_trip_to_read_and_one_to_save() -> None:
    client = _visitor()
    round_trips = [
        client.get(page).headers["Server-Timing"].split("cache;")[1].split('"')[1]
        for page in ("/plain/", "/moved/", "/remember/")
    ]
    assert round_trips == ["0", "1", "2"]


def test_session_is_json_and_expires(site: Server) -> None:
    key = connection.key_for(_visitor().cookies["sessionid"].value)
    with site.admin as client:
        assert json.loads(client.get(key)) == {"seen": 1}
        assert 0 < client.pttl(key) <= 14 * 24 * 3600 * 1000


@pytest.mark.usefixtures("site")
def test_save_does_not_bring_a_deleted_session_back() -> None:
    session = SessionStore(_visitor().cookies["sessionid"].value)
    session["late"] = True
    SessionStore().delete(session.session_key)
    with pytest.raises(UpdateError):
        session.save()
    assert not SessionStore().exists(session.session_key)


@pytest.mark.usefixtures("site")
def test_session_that_read_as_empty_is_never_saved_in_the_same_request() -> None:
    key = _visitor().cookies["sessionid"].value
    session = SessionStore(key)
    session.unavailable = True  # as after an outage that is over by now
    session["seen"] = 99
    with pytest.raises(SessionUnavailable):
        session.save()
    assert SessionStore(key)["seen"] == 1


@pytest.mark.usefixtures("site")
def test_unknown_session_is_given_up_with_its_cookie() -> None:
    client = _client()
    client.cookies["sessionid"] = "b" * 32
    response = client.get("/moved/")
    assert response.cookies["sessionid"]["max-age"] == 0


def test_connections_killed_in_the_pool_are_no_outage(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = _visitor()
    with site.admin as admin, caplog.at_level(logging.WARNING):
        admin.client_kill_filter(_type="normal", skipme=True)
        assert client.get("/remember/").content == b"seen 2"
    assert not caplog.records


@pytest.mark.usefixtures("student")
def test_full_redis_refuses_writes_and_still_answers_reads(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = _visitor()
    with site.admin as admin, caplog.at_level(logging.WARNING, "slipstream"):
        limit = admin.config_get("maxmemory")["maxmemory"]
        admin.config_set("maxmemory", 1)
        assert client.get("/remember/").content == b"seen 2"
        assert client.get("/remember/").content == b"seen 2"
        assert client.post("/login/").status_code == TRY_AGAIN
        assert not is_available()
        admin.config_set("maxmemory", limit)
        assert is_available()
    assert client.get("/remember/").content == b"seen 2"
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_kill_logs_nobody_out_and_recovers_by_itself(
    site: Server, caplog: pytest.LogCaptureFixture
) -> None:
    visitors = [_visitor() for _ in range(50)]
    cookies = [client.cookies["sessionid"].value for client in visitors]
    with caplog.at_level(logging.WARNING, "slipstream"):
        site.kill()
        assert {client.get("/known/").status_code for client in visitors} == {TRY_AGAIN}
        assert not is_available()
        site.start()
        wait_until(is_available, START_SECONDS, "sessions are available again")
    assert [client.cookies["sessionid"].value for client in visitors] == cookies
    assert {client.get("/known/").status_code for client in visitors} == {200}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_kill_under_load_gives_no_server_error_and_deletes_no_cookie(site: Server) -> None:
    visitors = [_visitor() for _ in range(8)]
    cookies = [client.cookies["sessionid"].value for client in visitors]
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def browse(client: Client) -> None:
        while not stop.is_set():
            for page in ("/known/", "/remember/", "/plain/"):
                statuses[client.get(page).status_code] += 1

    threads = [threading.Thread(target=browse, args=(client,)) for client in visitors]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: statuses[200] > 100, 60, "pages are served")
        site.kill()
        wait_until(lambda: statuses[TRY_AGAIN] > 100, 60, "the outage is seen")
        site.start()
        wait_until(is_available, START_SECONDS, "sessions are available again")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200, TRY_AGAIN}
    assert [client.cookies["sessionid"].value for client in visitors] == cookies
    assert {client.get("/known/").status_code for client in visitors} == {200}


@pytest.mark.usefixtures("site")
def test_session_methods_work_in_async_views() -> None:
    client = AsyncClient(raise_request_exception=False)
    get: Callable[[str], Any] = async_to_sync(client.get)
    assert [get("/remember-async/").content for _ in range(2)] == [b"seen 1", b"seen 2"]
