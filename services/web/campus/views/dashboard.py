"""The dashboard: what one's friends wrote last.

Reading and writing a single post is in campus.views.posts.
"""

from functools import cached_property

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campus.models import Friendship, Post, Profile

POSTS = 20


@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    return render(request, "campus/dashboard.html", {"news": News(of=request.user.pk)})


class News:
    """Somebody's own profile and their friends' posts; looked for when the page shows them."""

    def __init__(self, *, of: int | None) -> None:
        self.of = of

    @cached_property
    def me(self) -> Profile | None:
        return Profile.objects.cards().filter(pk=self.of).first()

    @cached_property
    def posts(self) -> QuerySet[Post]:
        friends = Friendship.objects.filter(user=self.of).values("friend")
        return Post.objects.filter(author__in=friends).newest().with_comments_count()[:POSTS]
