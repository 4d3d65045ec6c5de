"""What people write: posts, and comments on them.

Which of them a page shows is decided in campus.views.
"""

from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from campus.models.people import Profile


class Written(models.Model):
    """A text of its author, with the time in the two forms that a page shows."""

    body = models.TextField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def written_on(self) -> str:
        return f"{self.created_at:%d %b %Y, %H:%M}"

    @property
    def written_iso(self) -> str:
        return self.created_at.isoformat(timespec="seconds")


class PostQuerySet(models.QuerySet["Post"]):
    def newest(self) -> "PostQuerySet":
        """With what a post shows of its author."""
        return self.order_by("-created_at", "-pk").with_author()

    def with_author(self) -> "PostQuerySet":
        return self.select_related("author__user").only(
            "body", "created_at", "author__name", "author__thumb", "author__user__username"
        )

    def with_comments_count(self) -> "PostQuerySet":
        """Counted per post shown; a join would count the comments of all posts that match."""
        counts = (
            Comment.objects.filter(post=OuterRef("pk"))
            .order_by()
            .values("post")
            .annotate(count=Count("pk"))
            .values("count")
        )
        return self.annotate(comments_count=Coalesce(Subquery(counts), 0))


class Post(Written):
    author = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="posts", db_index=False
    )

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["author", "-created_at", "-id"], name="post_newest"),)

    def __str__(self) -> str:
        return self.body[:40]


class CommentQuerySet(models.QuerySet["Comment"]):
    def with_author(self) -> "CommentQuerySet":
        return self.select_related("author__user").only(
            "body", "created_at", "post", "author__name", "author__user__username"
        )


class Comment(Written):
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    author = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="comments")

    objects = CommentQuerySet.as_manager()

    class Meta:
        # Comments are never backdated: their ids are in the order of time.
        indexes = (models.Index(fields=["post", "id"], name="comment_oldest"),)

    def __str__(self) -> str:
        return self.body[:40]
