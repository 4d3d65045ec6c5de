"""The admin site's view of the tables.

Plain: lists that don't load a table to offer a choice, and friendships kept in pairs.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from campus.models import College, Comment, Dorm, Friendship, Post, Profile

admin.site.register(College, list_display=("name", "town"), search_fields=("name",))
admin.site.register(Dorm, list_display=("name", "college"), list_select_related=("college",))
admin.site.register(
    Profile,
    list_display=("name", "class_year", "major", "college"),
    list_select_related=("college",),
    list_filter=("class_year", "major"),
    search_fields=("name",),
    raw_id_fields=("user",),
    show_full_result_count=False,
)
for model in (Post, Comment):
    admin.site.register(
        model,
        list_display=("author", "created_at"),
        list_select_related=("author",),
        raw_id_fields=("author",) if model is Post else ("author", "post"),
        show_full_result_count=False,
    )


@admin.register(Friendship)
class FriendshipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A friendship is two rows: they come and go together."""

    list_display = ("user", "friend")
    list_select_related = ("user", "friend")
    raw_id_fields = ("user", "friend")
    show_full_result_count = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Friendship, form: Any, change: Any) -> None:  # noqa: ARG002
        obj.save()
        Friendship.objects.befriend(obj.user, obj.friend)

    def delete_model(self, request: HttpRequest, obj: Friendship) -> None:  # noqa: ARG002
        _pair(obj).delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Friendship]) -> None:
        for friendship in list(queryset):
            self.delete_model(request, friendship)


def _pair(friendship: Friendship) -> QuerySet[Friendship]:
    one, other = friendship.user_id, friendship.friend_id
    return Friendship.objects.filter(Q(user=one, friend=other) | Q(user=other, friend=one))
