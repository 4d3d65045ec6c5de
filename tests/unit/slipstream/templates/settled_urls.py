"""The URLs of a site that has an application twice."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def view(request: HttpRequest, **parts: Any) -> HttpResponse:  # noqa: ARG001
    return HttpResponse()


news = ([path("", view, name="index"), path("<int:pk>/", view, name="item")], "news")

urlpatterns = [
    path("home/", view, name="home"),
    path("people/<str:name>/", view, name="person"),
    path("items/<uuid:key>/", view, name="thing"),
    path("one/", include(news, namespace="one")),
    path("two/", include(news, namespace="two")),
]
