"""The dashboard: what one's friends wrote last.

Reading and writing a single post is in campus.views.posts.
"""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campus.models import Friendship, Post, Profile

POSTS = 20


@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    me = Profile.objects.cards().filter(pk=request.user.pk).first()
    friends = Friendship.objects.filter(user=request.user.pk).values("friend")
    posts = Post.objects.filter(author__in=friends).newest().with_comments_count()
    return render(request, "campus/dashboard.html", {"me": me, "posts": posts[:POSTS]})
