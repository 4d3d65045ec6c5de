"""The people page: search, filters, and a hundred people at a time.

A single person's page is in campus.views.profiles.
"""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campus.forms import PeopleFilter
from campus.models import College, Dorm, Major, Profile
from campus.models.people import ProfileQuerySet
from campus.paging import paginate

PEOPLE = 100
COLUMNS = {"q": "name__icontains", "college": "college", "dorm": "dorm"}
COLUMNS |= {"class_year": "class_year", "major": "major"}


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    form = PeopleFilter(request.GET)
    form.is_valid()  # a filter that isn't valid is named on the page and left out of the search
    found = search(form.cleaned_data)
    page = paginate(found, by="name", after=request.GET.get("after", ""), size=PEOPLE)
    context = {
        "people": page.rows,
        "next_query": _next_query(request.GET, page.next_cursor),
        "filters": dict.fromkeys(form.fields, "") | form.cleaned_data,
        "errors": [f"{form[name].label}: {form.errors[name][0]}" for name in form.errors],
        "colleges": College.objects.only("name").order_by("name"),
        "dorms": dorms_by_college(),
        "majors": Major.choices,
    }
    return render(request, "campus/people.html", context)


def search(filters: Mapping[str, Any]) -> ProfileQuerySet:
    given = {COLUMNS[name]: value for name, value in filters.items() if value}
    return Profile.objects.cards().filter(**given)


def dorms_by_college() -> list[tuple[str, list[tuple[int, str]]]]:
    """(name of the college, its dorms' ids and names), for a list with groups."""
    rows = Dorm.objects.order_by("college__name", "name")
    groups = groupby(rows.values_list("college__name", "pk", "name"), key=itemgetter(0))
    return [(college, [(pk, name) for _, pk, name in dorms]) for college, dorms in groups]


def _next_query(given: QueryDict, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = given.copy()
    query["after"] = cursor
    return query.urlencode()
