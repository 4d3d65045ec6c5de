"""A site whose views do a known number of things, for the counters to count."""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connection
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.loader import render_to_string
from django.urls import path

from slipstream.timing.counters import record_round_trip

# Some milliseconds of work inside SQLite.
BUSY = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
    "SELECT max(i) FROM n"
)
SOURCES = {
    "page.html": "{% for row in rows %}{% include 'row.html' %}{% endfor %}",
    "row.html": "<p>{{ row }}</p>",
    "slow.html": "{{ busy }}",
    "outer.html": "{{ inner }}",
    "inner.html": "{% for row in rows %}<p>{{ row }}</p>{% endfor %}",
}
LOADERS: list[Any] = [("django.template.loaders.locmem.Loader", SOURCES)]
# A second database, so that a test can close its connection.
other_databases = ConnectionHandler(
    {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:other?mode=memory"}}
)


def templates(loaders: list[Any]) -> list[dict[str, Any]]:
    """The TEMPLATES setting for Django's engine with these loaders, and Jinja2 beside it."""
    django = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": loaders},
    }
    return [django, {"BACKEND": "django.template.backends.jinja2.Jinja2"}]


def ask(times: int, sql: str = "SELECT 1") -> None:
    """Run so many queries."""
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(sql)


def queries(_request: HttpRequest, times: int) -> HttpResponse:
    ask(times)
    return HttpResponse()


def batch(_request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS timing (number integer)")
        cursor.executemany("INSERT INTO timing VALUES (%s)", [(1,), (2,), (3,)])
    return HttpResponse()


def failing_query(_request: HttpRequest) -> HttpResponse:
    try:
        ask(1, "SELECT nothing FROM nowhere")
    except DatabaseError:
        return HttpResponse()
    return HttpResponse(status=500)


def connect(_request: HttpRequest, times: int) -> HttpResponse:
    for _ in range(times):
        other_databases["default"].ensure_connection()
        other_databases["default"].connection.close()
        other_databases["default"].connection = None
    return HttpResponse()


def page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("page.html", {"rows": range(5)}, using="django"))


def jinja_page(_request: HttpRequest) -> HttpResponse:
    template = engines["jinja2"].from_string("{% for row in rows %}{{ row }}{% endfor %}")
    return HttpResponse(template.render({"rows": range(5)}))


def slow_query_in_template(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        render_to_string("slow.html", {"busy": lambda: ask(3, BUSY)}, using="django")
    )


def template_in_template(_request: HttpRequest) -> HttpResponse:
    def inner() -> str:
        return render_to_string("inner.html", {"rows": range(3000)}, using="django")

    return HttpResponse(render_to_string("outer.html", {"inner": inner}, using="django"))


def round_trips(_request: HttpRequest, times: int) -> HttpResponse:
    for _ in range(times):
        record_round_trip(0.25)
    return HttpResponse()


def own_header(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(headers={"Server-Timing": "site;dur=1"})


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        ask(1)
        yield b"part"

    ask(2)
    return StreamingHttpResponse(parts())


async def async_view(_request: HttpRequest) -> HttpResponse:
    record_round_trip(0.25)
    return HttpResponse()


urlpatterns = [
    path("queries/<int:times>/", queries),
    path("batch/", batch),
    path("failing-query/", failing_query),
    path("connect/<int:times>/", connect),
    path("page/", page),
    path("jinja-page/", jinja_page),
    path("slow-query-in-template/", slow_query_in_template),
    path("template-in-template/", template_in_template),
    path("round-trips/<int:times>/", round_trips),
    path("own-header/", own_header),
    path("stream/", stream),
    path("async/", async_view),
]
