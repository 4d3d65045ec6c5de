"""A small site with real sessions, posts and names, served by several 'workers' over HTTP/1.1.

A worker is whoever serves a connection, as in gunicorn. Cells share their data; each may have a fault
that the probes of safety have to find.
"""

import html
import itertools
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from .site import serving

__all__ = ("Data", "Social", "serving")

FORMS = ("/posts/new/", "/profile/edit/")
FLAGS = "Path=/; SameSite=Lax"


@dataclass
class Data:
    """What all cells share: the database."""

    names: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[str, str]] = field(default_factory=lambda: [("student000009", "first")])
    comments: list[tuple[int, str]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)

    def name(self, user: str) -> str:
        return self.names.get(user, f"Name of {user}")


@dataclass
class Social:
    """One cell. `fault`: what is wrong with it, '' for nothing; `seen`: (worker, method, path)."""

    data: Data
    fault: str = ""
    workers: int = 2
    seen: list[tuple[int, str, str]] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)
    past: list[str] = field(default_factory=list)
    asked_for: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, worker: int, method: str, path: str, cookies: Any, form: Any) -> Any:
        """(status, headers, text)."""
        self.seen.append((worker, method, path))
        if self.fault == "down":
            return 503, [], "no"
        if path == "/-/optimizations":
            return 200, [], json.dumps(self.proof(worker))
        user = self.user(worker, cookies)
        if path == "/login/":
            return self.login(method, form)
        if not user:
            return 302, [("Location", f"/login/?next={path}")], ""
        if method == "POST":
            return self.write(worker, path, user, cookies, form)
        return self.page(worker, path, user)

    def asked(self, path: str) -> int:
        """How many queries: fewer once the page was asked for, as with a cache."""
        known = path in self.asked_for
        self.asked_for.add(path)
        return 1 if known and self.fault != "uncached" else 3

    def proof(self, worker: int) -> dict[str, Any]:
        return {"probes": {"preload": {"evidence": {"process": 100 + worker}}}}

    def user(self, worker: int, cookies: Any) -> str:
        key = cookies["sessionid"].value if "sessionid" in cookies else ""
        if self.fault == "keeps-sessions":  # each worker remembers whom it has seen
            known = self.kept.setdefault(worker, {})
            known.setdefault(key, self.data.sessions.get(key, ""))
            return str(known[key] or self.data.sessions.get(key, ""))
        return self.data.sessions.get(key, "")

    def login(self, method: str, form: Any) -> Any:
        if method == "GET":
            cookie = ("Set-Cookie", f"csrftoken={secrets.token_hex(8)}; Max-Age=99; {FLAGS}")
            return 200, [cookie], self.html("Log in", field_of("username"))
        key = secrets.token_hex(8)
        if self.fault != "forgets":
            self.data.sessions[key] = form["username"]
        only = "" if self.fault == "cookie" else "; HttpOnly"
        expires = f"expires=Wed, 25 Nov 2099 22:{secrets.randbelow(60):02d}:00 GMT"
        cookie = ("Set-Cookie", f"sessionid={key}; {expires}; {FLAGS}{only}")
        return 302, [("Location", "/dashboard/"), cookie], ""

    def write(self, worker: int, path: str, user: str, cookies: Any, form: Any) -> Any:
        if path == "/logout/":
            self.data.sessions.pop(cookies["sessionid"].value, None)
            return 302, [("Location", "/")], ""
        if not form.get("csrfmiddlewaretoken"):
            return 403, [], "no token"
        if path == "/profile/edit/":
            self.past.append(self.data.name(user))
            self.data.names[user] = form["name"]
            target = f"/people/{user}/"
        elif path == "/posts/new/":
            self.data.posts.append((user, form["body"]))
            target = f"/posts/{len(self.data.posts)}/"
        else:
            number = int(path.split("/")[2])
            self.data.comments.append((number, form["body"]))
            target = f"/posts/{number}/"
        if self.fault == "stale":  # the writer's own worker knows, the others don't
            self.kept = {key: text for key, text in self.kept.items() if key[0] != worker}
        return 302, [("Location", target)], ""

    def page(self, worker: int, path: str, user: str) -> Any:
        if self.fault == "broken" and path.startswith("/posts/"):
            return 500, [], "it broke"
        key: Any = (worker, path, user) if self.fault == "stale" else (0, path)
        if self.fault in ("stale", "leak") and path not in FORMS:
            return self.kept.setdefault(key, self.render(path, user))
        return self.render(path, user)

    def render(self, path: str, user: str) -> Any:
        parts = path.partition("?")[0].strip("/").split("/")
        if parts == ["profile", "edit"]:
            return 200, [], self.html(user, field_of("name", self.data.name(user)))
        if parts == ["posts", "new"]:
            return 200, [], self.html(user, '<textarea name="body">\n</textarea>')
        if parts[0] == "posts":
            return self.post(int(parts[1]), user)
        if parts[0] == "people" and len(parts) > 1:
            own = [
                f"<p>{self.safe(text)}</p>"
                for author, text in self.data.posts[-9:]
                if author == parts[1]
            ]
            own += [f"<p>{self.safe(text)}</p>" for _, text in self.data.comments[-9:]]
            if self.fault == "old-beside-new":
                own += [f"<p>{self.safe(name)}</p>" for name in self.past]
            return 200, [], self.html(user, f"<h1>{self.safe(self.data.name(parts[1]))}</h1>", *own)
        if parts[0] in ("dashboard", "people", "colleges", ""):
            links = [f'<a href="/posts/{number + 1}/">one</a>' for number in range(3)]
            named = [f"<p>{self.safe(name)}</p>" for name in self.data.names.values()]
            return 200, [], self.html(user, *links, *named)
        return 404, [], self.html(user, "nothing")

    def post(self, number: int, user: str) -> Any:
        if number > len(self.data.posts):
            return 404, [], self.html(user, "nothing")
        author, text = self.data.posts[number - 1]
        said = [f"<p>{self.safe(text)}</p>" for on, text in self.data.comments if on == number]
        shown = f"<h1>{self.safe(self.data.name(author))}</h1><p>{self.safe(text)}</p>"
        return 200, [], self.html(user, shown, *said)

    def safe(self, text: str) -> str:
        return text if self.fault == "unescaped" else html.escape(text)

    def html(self, user: str, *parts: str) -> str:
        token = f'<input type="hidden" name="csrfmiddlewaretoken" value="{secrets.token_hex(4)}">'
        own = f'<a href="/people/{user}/">{user}</a><form>{token}</form>'
        blank = "\n  \n" if self.fault == "blanks" else "\n"
        return f"<!doctype html><html><body>{blank}{blank.join([own, *parts])}\n</body></html>"

    def server(self) -> ThreadingHTTPServer:
        handler = type("Own", (Handler,), {"site": self, "numbers": itertools.count()})
        return Server(("127.0.0.1", 0), handler)


def field_of(name: str, value: str = "") -> str:
    return f'<input name="{name}" value="{html.escape(value)}">'


class Handler(BaseHTTPRequestHandler):
    """One per connection: its worker answers all of it."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    numbers: ClassVar = itertools.count()
    site: Social

    def setup(self) -> None:
        super().setup()
        self.worker = next(self.numbers) % self.site.workers

    def do_GET(self) -> None:
        self.serve("GET", "")

    def do_POST(self) -> None:
        self.serve("POST", self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())

    def serve(self, method: str, body: str) -> None:
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        path = urlsplit(self.path)
        address = path.path + (f"?{path.query}" if path.query else "")
        with self.site.lock:
            status, headers, text = self.site.answer(self.worker, method, address, cookies, form)
            asked = self.site.asked(address)
        content = text.encode()
        self.send_response(status)
        for name, value in [*headers, ("Content-Type", "text/html; charset=utf-8")]:
            self.send_header(name, value)
        if self.site.fault == "hangs-up-politely":
            self.send_header("Connection", "close")
        self.send_header("Server-Timing", f'db;dur=1;desc="{asked}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.site.fault == "hangs-up"

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
