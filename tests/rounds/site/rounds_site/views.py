"""Pages that change an account, and those that say how a request finds its visitor."""

import os
from typing import Any

from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from rounds_site.changes import CHANGES, NEW_GROUP, OLD_GROUP, permission


@csrf_exempt
def begin(request: HttpRequest) -> HttpResponse:
    """Make an account anew: active, with no permission, with two groups of its own."""
    name = request.POST["username"]
    User.objects.filter(username=name).delete()
    user = User.objects.create_user(name, password=request.POST["password"])
    old, new = (
        Group.objects.get_or_create(name=each.format(user.pk))[0] for each in (OLD_GROUP, NEW_GROUP)
    )
    old.permissions.set([permission()])
    new.permissions.clear()
    user.groups.set([new])
    return said(request)


@csrf_exempt
def log_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(
        request, username=request.POST["username"], password=request.POST["password"]
    )
    if user is not None:
        login(request, user)
    return said(request)


@csrf_exempt
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return said(request)


@csrf_exempt
def own_password(request: HttpRequest) -> HttpResponse:
    """As Django's own page does: who changed it stays logged in, all other sessions end."""
    user: Any = request.user
    user.set_password(request.POST["value"])
    user.save()
    update_session_auth_hash(request, user)
    return said(request)


@csrf_exempt
def change(request: HttpRequest) -> HttpResponse:
    """Change an account by somebody else: an operator, or a command."""
    user = User.objects.get(username=request.POST["username"])
    CHANGES[request.POST["what"], request.POST["how"]](user, request.POST["value"])
    return said(request)


def me(request: HttpRequest) -> HttpResponse:
    return said(request)


def name(request: HttpRequest) -> JsonResponse:
    """The least that a page can want of its visitor."""
    return JsonResponse({"name": request.user.get_username(), "worker": os.getpid()})


def said(request: HttpRequest) -> HttpResponse:
    """Who the visitor is. As on any page that needs one, nobody is not an answer while Redis is slow."""
    user = request.user
    if user.is_anonymous and getattr(request.session, "unavailable", False):
        return HttpResponse(status=403)
    return JsonResponse(
        {
            "name": user.get_username(),
            "may": user.has_perm("campus.change_college"),
            "worker": os.getpid(),
        }
    )
