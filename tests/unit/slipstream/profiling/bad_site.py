"""A site whose views do what a reviewer would not want, one thing each; and one view that is fine.

It is its own settings module: `apply` turns the tools on in it as on anybody's site. `line_of`
finds lines by the comment behind them.
"""

from copy import copy
from pathlib import Path
from time import sleep
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from slipstream.optimizations import apply

HERE = Path(__file__).parent

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.admin",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = __name__
STATIC_URL = "/static/"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
    },
    {"BACKEND": "django.template.backends.jinja2.Jinja2", "DIRS": [HERE / "templates"]},
]


def groups() -> Any:
    return apps.get_model("auth", "Group").objects


def users() -> Any:
    return apps.get_model("auth", "User").objects


def entries() -> Any:
    return apps.get_model("admin", "LogEntry").objects


def fine(_request: HttpRequest) -> HttpResponse:
    rows = entries().select_related("user").only("object_repr", "user__username")[:100]
    said = [(entry.object_repr, entry.user.username) for entry in rows]
    twice = groups().filter(name="group 1").count() + groups().filter(name="group 2").count()
    return HttpResponse(f"{len(said)} {twice}")


def row_by_row(_request: HttpRequest) -> HttpResponse:
    rows = entries().only("user")[:5]
    return HttpResponse(" ".join(entry.user.username for entry in rows))  # row by row


def row_by_row_in_a_template(request: HttpRequest) -> HttpResponse:
    rows = entries().only("object_repr", "user")[:5]
    return render(request, "bad.html", {"entries": rows})  # renders


def row_by_row_in_jinja2(request: HttpRequest) -> HttpResponse:
    rows = entries().only("object_repr", "user")[:5]
    return render(request, "bad.jinja", {"entries": rows}, using="jinja2")  # renders Jinja2


def counted_one_by_one(_request: HttpRequest) -> HttpResponse:
    found = [
        groups().filter(name=f"group {number}").count()  # similar
        for number in range(4)
    ]
    return HttpResponse(str(found))


def written_one_by_one(request: HttpRequest) -> HttpResponse:
    for number in range(3):
        groups().create(name=f"{request.path}{request.GET['n']} {number}")  # writes
    return HttpResponse()


def first_time() -> int:
    return int(groups().filter(name__startswith="group").count())  # first time


def second_time() -> int:
    return int(groups().filter(name__startswith="group").count())  # second time


def repeated(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{first_time()} {second_time()}")


def everything(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(" ".join(group.name for group in groups().only("name")))  # everything


def everything_as_tuples(_request: HttpRequest) -> HttpResponse:
    names = groups().values_list("name", flat=True).iterator()
    return HttpResponse(" ".join(names))  # tuples


def limited(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(" ".join(group.name for group in groups().only("name")[:110]))


def unread(request: HttpRequest) -> HttpResponse:
    found = list(users().all()[:2])  # unread
    wanted = "email" if "mail" in request.GET else "username"
    return HttpResponse(" ".join(getattr(user, wanted) for user in found))


def unread_joined(_request: HttpRequest) -> HttpResponse:
    rows = entries().select_related("user")[:3]
    return HttpResponse(" ".join(entry.user.username for entry in rows))  # joined


def raw(_request: HttpRequest) -> HttpResponse:
    rows = groups().raw("SELECT id, name FROM auth_group LIMIT 3")
    return HttpResponse(" ".join(str(group.pk) for group in rows))  # raw


def pickled(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str([copy(user) for user in users().all()[:2]]))


def slow(_request: HttpRequest) -> HttpResponse:
    sleep(0.05)
    return HttpResponse()


def in_a_page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<html><body>{first_time()} {second_time()}</body></html>")


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.username)


VIEWS = (
    *(fine, row_by_row, row_by_row_in_a_template, row_by_row_in_jinja2, counted_one_by_one),
    *(written_one_by_one, repeated, everything, everything_as_tuples, limited),
    *(unread, unread_joined, raw, pickled, slow, in_a_page, who),
)
urlpatterns = [path(f"{view.__name__}/", view, name=view.__name__) for view in VIEWS]


apply(globals())
