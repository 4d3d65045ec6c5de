"""The list of colleges: one query, and neither a session nor a user.

Its template doesn't ask who is there, so anybody gets the same page.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campus.models import College


@require_safe
def colleges(request: HttpRequest) -> HttpResponse:
    found = College.objects.only("name", "town").order_by("name")
    return render(request, "campus/colleges.html", {"colleges": found})
