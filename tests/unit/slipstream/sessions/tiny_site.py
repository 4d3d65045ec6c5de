"""A site of a dozen views, each of which wants the session in another way, and its settings."""

from typing import Any

from django.contrib.auth import aget_user, alogin, login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.views.decorators.cache import cache_page

from slipstream.sessions.settings import SessionsSettings, cache_settings

PREFIX = "tests.unit.slipstream.sessions.tiny_site"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def student() -> User:
    """A user who is in no database."""
    return User(pk=1, username="student", password="unusable")


def settings_for(sessions: SessionsSettings) -> dict[str, Any]:
    """What the overlay writes, for this site."""
    return {
        "ROOT_URLCONF": PREFIX,
        "LOGIN_URL": "/login/",
        "TEMPLATES": [],
        "SESSION_ENGINE": "slipstream.sessions.redis",
        "MIDDLEWARE": [
            "slipstream.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "CACHES": {
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "sessions": cache_settings(sessions),
        },
    }


def eager_middleware(get_response: Any) -> Any:
    """A middleware that saves the session itself, outside of any view."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.session.create()
        response: HttpResponse = get_response(request)
        return response

    return middleware


def curious_middleware(get_response: Any) -> Any:
    """A middleware that reads the session before the view, and its decorators, run."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.session.get("key")
        response: HttpResponse = get_response(request)
        return response

    return middleware


def plain(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("as ever")


def greet(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.user}")


async def greet_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {await aget_user(request)}")


@login_required
async def member_async(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("welcome")


async def log_in_async(request: HttpRequest) -> HttpResponse:
    await alogin(request, student(), backend=BACKEND)
    return HttpResponseRedirect("/member/")


@login_required
def member(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"welcome {request.user}")


@login_required(login_url="/elsewhere/")
def guarded_elsewhere(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def forbidden(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no", status=200 if request.user.is_authenticated else 403)


def careless(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session["must be there"])


def moved(request: HttpRequest) -> HttpResponse:
    request.session.get("key")
    return HttpResponseRedirect("/plain/")


def remember(request: HttpRequest) -> HttpResponse:
    request.session["seen"] = request.session.get("seen", 0) + 1
    return HttpResponse(f"seen {request.session['seen']}")


async def remember_async(request: HttpRequest) -> HttpResponse:
    seen = await request.session.aget("seen", 0) + 1
    await request.session.aset("seen", seen)
    return HttpResponse(f"seen {seen}")


def meet() -> object:
    """Nobody; a test of requests at the same time has them wait for each other here."""
    return None


def note(request: HttpRequest, number: int) -> HttpResponse:
    request.session[f"note {number}"] = number
    meet()
    return HttpResponse("noted")


def known(request: HttpRequest) -> HttpResponse:
    seen = "seen" in request.session
    return HttpResponse("known") if seen else HttpResponseRedirect("/login/?next=/known/")


def log_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        login(request, student(), backend=BACKEND)
        return HttpResponseRedirect("/member/")
    return HttpResponse("a form")


def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/plain/")


@cache_page(60)
def cached(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.user}")


urlpatterns = [
    path("plain/", plain),
    path("greet/", greet),
    path("greet-async/", greet_async),
    path("member/", member),
    path("member-async/", member_async),
    path("login-async/", log_in_async),
    path("guarded-elsewhere/", guarded_elsewhere),
    path("forbidden/", forbidden),
    path("careless/", careless),
    path("moved/", moved),
    path("remember/", remember),
    path("remember-async/", remember_async),
    path("known/", known),
    path("note/<int:number>/", note),
    path("login/", log_in),
    path("logout/", log_out),
    path("cached/", cached),
]
