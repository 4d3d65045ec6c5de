"""Posts: reading one with its comments, writing one, commenting.

Lists of posts are on the dashboard and on each profile.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campus.forms import CommentForm, PostForm
from campus.models import Comment, Post, Profile

COMMENTS = 50


@require_safe
@login_required
def post(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, pk, CommentForm(), status=200)


def _page(request: HttpRequest, pk: int, form: CommentForm, *, status: int) -> HttpResponse:
    shown = get_object_or_404(Post.objects.with_author(), pk=pk)
    comments = _comments(pk, after=request.GET.get("after", ""))
    context = {
        "post": shown,
        "comments": comments[:COMMENTS],
        "next_after": comments[COMMENTS - 1].pk if len(comments) > COMMENTS else None,
        "form": form,
    }
    return render(request, "campus/post.html", context, status=status)


def _comments(post_id: int, *, after: str) -> list[Comment]:
    """A page of them, oldest first, and one more if there is a next page."""
    rows = Comment.objects.with_author().filter(post=post_id)
    if after.isdecimal():
        rows = rows.filter(pk__gt=int(after))
    return list(rows.order_by("pk")[: COMMENTS + 1])


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_post(request: HttpRequest) -> HttpResponse:
    form = PostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not _has_profile(request):
            return _profile_first(request)
        form.instance.author_id = request.user.pk
        return redirect("post", pk=form.save().pk)
    context = {"form": form, "title": "Write a post", "submit": "Publish"}
    return render(request, "campus/form.html", context)


@require_POST
@login_required
def new_comment(request: HttpRequest, pk: int) -> HttpResponse:
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, form, status=422)
    if not _has_profile(request):
        return _profile_first(request)
    form.instance.post = get_object_or_404(Post.objects.only("pk"), pk=pk)
    form.instance.author_id = request.user.pk
    form.save()
    return redirect("post", pk=pk)


def _has_profile(request: HttpRequest) -> bool:
    return Profile.objects.filter(pk=request.user.pk).exists()


def _profile_first(request: HttpRequest) -> HttpResponse:
    messages.info(request, "Tell who you are first: nothing is published without a profile.")
    return redirect("edit-profile")
