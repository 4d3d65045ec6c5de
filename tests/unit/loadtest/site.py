"""A small site on 127.0.0.1 that looks like campus to the lab: log-in with CSRF, pages, proof.

Each instance is a cell; what it claims and what it really does can be set apart.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseServer, ThreadingMixIn
from typing import Any, Protocol
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

NAMES = ("alpha", "beta")
PEOPLE = [f"student{number:06d}" for number in range(300)]
TOKEN = '<input type="hidden" name="csrfmiddlewaretoken" value="token">'
FORM = f'<form method="post">{TOKEN}<textarea name="body"></textarea></form>'

WORK_SECONDS = 0.01
"""Of each answer: a site that has nothing to do makes the generator the limit."""


@dataclass
class Site:
    """`claims`: probes said to be in force; `broken`: paths that answer 500; `seen`: all paths."""

    active: tuple[str, ...] = ()
    claims: tuple[str, ...] | None = None
    connections: int = 1
    compiled: int = 1
    broken: tuple[str, ...] = ()
    logged_out: bool = False
    seen: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
        time.sleep(WORK_SECONDS)
        with self.lock:
            self.seen.append(path)
            status, headers, text = self.answer(environ, path, query, parse_qs(body))
        timing = f'db;dur=1.5;desc="1", connect;dur=0.5;desc="{self.connections}", '
        timing += f'template;dur=2.0;desc="{self.compiled}", cache;dur=0;desc="0", total;dur=5.0'
        content = text.encode()
        length = ("Content-Length", str(len(content)))
        start(status, [*headers, length, ("Server-Timing", timing)])
        return [content]

    def answer(self, environ: Any, path: str, query: Any, form: Any) -> tuple[str, list[Any], str]:
        if any(path.startswith(prefix) for prefix in self.broken):
            return "500 Internal Server Error", [], "it broke"
        if path == "/login/":
            return self.login(environ, form)
        if path in ("/-/optimizations", "/colleges/"):
            return page(json.dumps(self.proof()))
        if self.logged_out or "sessionid=" not in environ.get("HTTP_COOKIE", ""):
            return redirect(f"/login/?next={path}")
        if environ["REQUEST_METHOD"] == "POST":
            return self.write(environ, path, form)
        return pages(path, query)

    def proof(self) -> dict[str, Any]:
        claims = self.active if self.claims is None else self.claims
        probes = {name: {"in_force": name in claims, "evidence": {"seen": 1}} for name in NAMES}
        return {"active": list(self.active), "versions": {"site": "1"}, "probes": probes}

    def login(self, environ: Any, form: Any) -> tuple[str, list[Any], str]:
        if environ["REQUEST_METHOD"] == "GET":
            return page(FORM, ("Set-Cookie", "csrftoken=token; Path=/"))
        if not good_token(environ, form) or form.get("password") != ["campus"]:
            return "403 Forbidden", [], "CSRF or password"
        return redirect("/dashboard/", ("Set-Cookie", "sessionid=abc; Path=/; HttpOnly"))

    def write(self, environ: Any, path: str, form: Any) -> tuple[str, list[Any], str]:
        if not good_token(environ, form):
            return "403 Forbidden", [], "CSRF"
        if not form.get("body"):
            return page(FORM)
        self.written.append(path)
        return redirect("/posts/1/")

    def server(self) -> WSGIServer:
        return make_server("127.0.0.1", 0, self, Server, Silent)


def good_token(environ: Any, form: Any) -> bool:
    cookie = "csrftoken=token" in environ.get("HTTP_COOKIE", "")
    return cookie and form.get("csrfmiddlewaretoken") == ["token"]


def page(text: str, *headers: tuple[str, str]) -> tuple[str, list[Any], str]:
    return "200 OK", [("Content-Type", "text/html; charset=utf-8"), *headers], text


def redirect(target: str, *headers: tuple[str, str]) -> tuple[str, list[Any], str]:
    return "302 Found", [("Location", target), *headers], ""


def pages(path: str, query: Any) -> tuple[str, list[Any], str]:
    if path == "/people/":
        return page(people(int(query.get("after", ["0"])[0])))
    if path == "/posts/new/" or re.fullmatch(r"/posts/\d+/", path):
        return page(FORM)
    return page('<a href="/posts/1/">one</a><a href="/posts/2/">two</a>')


def people(after: int) -> str:
    shown = "".join(f'<a href="/people/{name}/">{name}</a>' for name in PEOPLE[after : after + 100])
    following = f'<a href="?after={after + 100}">next</a>' if after + 100 < len(PEOPLE) else ""
    options = '<select name="college"><option value="">all</option><option value="1">one</option>'
    return f"<form>{options}</select></form>{shown}{following}"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 1024  # what comes while it is stopped waits, and isn't refused


class Silent(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


class Served(Protocol):
    """A site by what it makes to serve itself: listening on 127.0.0.1, on any free port."""

    def server(self) -> BaseServer: ...


@contextmanager
def serving(site: Served) -> Iterator[str]:
    """The site's URL, for the time of the block."""
    with site.server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The site in a process of its own, which can be stopped as a whole, and its URL."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def main() -> None:
    with serving(Site()) as url:
        print(url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
