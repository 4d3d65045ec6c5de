"""The people page: search, filters, and a hundred people at a time.

A single person's page is in campus.views.profiles.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campus.forms import PeopleFilter
from campus.models import College, Dorm, Major, Profile
from campus.models.people import ProfileQuerySet
from campus.paging import Page, decode, paginate

PEOPLE = 100
COLUMNS = {"q": "name__icontains", "college": "college", "dorm": "dorm"}
COLUMNS |= {"class_year": "class_year", "major": "major"}


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    return render(request, "campus/people.html", {"found": Search(request.GET)})


class Search:
    """What was asked for; looked for when the page shows it, which a page out of a cache doesn't.

    Raises BadRequest for a cursor that is not one of ours.
    """

    def __init__(self, given: QueryDict) -> None:
        self.after = str(given.get("after", ""))
        if self.after:
            decode(self.after)
        self.given = given

    @cached_property
    def _form(self) -> PeopleFilter:
        form = PeopleFilter(self.given)
        form.is_valid()  # a filter that isn't valid is named and left out of the search
        return form

    @cached_property
    def _page(self) -> Page[Profile]:
        found = search(self._form.cleaned_data)
        return paginate(found, by="name", after=self.after, size=PEOPLE)

    @cached_property
    def people(self) -> Sequence[Profile]:
        return self._page.rows

    @cached_property
    def next_query(self) -> str | None:
        return _next_query(self.given, self._page.next_cursor)

    @cached_property
    def filters(self) -> dict[str, Any]:
        return dict.fromkeys(self._form.fields, "") | self._form.cleaned_data

    @cached_property
    def errors(self) -> list[str]:
        form = self._form
        return [f"{form[name].label}: {form.errors[name][0]}" for name in form.errors]

    @cached_property
    def colleges(self) -> QuerySet[College]:
        return College.objects.only("name").order_by("name")

    @cached_property
    def dorms(self) -> list[tuple[str, list[tuple[int, str]]]]:
        return dorms_by_college()

    @cached_property
    def majors(self) -> list[tuple[str, str]]:
        return Major.choices


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
