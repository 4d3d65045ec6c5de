"""A person's page, and the form with which one edits one's own.

Lists of people are in campus.views.people.
"""

from functools import cached_property

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from campus.forms import ProfileForm
from campus.models import Comment, Post, Profile

FRIENDS = 12
POSTS = 10
COMMENTS = 5


@require_safe
@login_required
def profile(request: HttpRequest, username: str) -> HttpResponse:
    rows = Profile.objects.select_related("user", "college", "dorm").only(
        *("name", "thumb", "class_year", "major", "about"),
        *("college__name", "dorm__name", "user__username"),
    )
    person = get_object_or_404(rows, user__username=username)
    context = {
        "person": person,
        "shown": Shown(person),
        "is_me": person.pk == request.user.pk,
    }
    return render(request, "campus/profile.html", context)


class Shown:
    """What a person's page shows; looked for when it does, which a page out of a cache doesn't."""

    def __init__(self, person: Profile) -> None:
        self.person = person

    @cached_property
    def friends(self) -> QuerySet[Profile]:
        rows = Profile.objects.friends_of(self.person.pk).select_related("user")
        return rows.only("name", "thumb", "user__username").order_by("name", "pk")[:FRIENDS]

    @cached_property
    def posts(self) -> QuerySet[Post]:
        """The newest, each with its newest comments."""
        comments = Comment.objects.with_author().order_by("-pk")[:COMMENTS]
        posts = self.person.posts.order_by("-created_at", "-pk").only(
            "body", "created_at", "author"
        )
        newest = posts.prefetch_related(Prefetch("comments", comments, to_attr="newest_comments"))
        return newest[:POSTS]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_profile(request: HttpRequest) -> HttpResponse:
    mine = Profile.objects.filter(pk=request.user.pk).first() or Profile(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=mine)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("profile", username=request.user.get_username())
    context = {"form": form, "title": "Edit your profile", "submit": "Save"}
    return render(request, "campus/form.html", context)
