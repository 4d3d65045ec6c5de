"""What can be changed about an account, and each way in which Django can be told to write it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

Change = Callable[[User, str], object]

OLD_GROUP, NEW_GROUP = "rounds-{}", "rounds-more-{}"


def permission() -> Permission:
    return Permission.objects.get(codename="change_college", content_type__app_label="campus")


def group_of(user: User) -> Group:
    """The group that the user is in or not, which has the permission always."""
    return Group.objects.get(name=OLD_GROUP.format(user.pk))


def other_group_of(user: User) -> Group:
    """The group that the user is in always, which has the permission or not."""
    return Group.objects.get(name=NEW_GROUP.format(user.pk))


def sql(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def password_by_save(user: User, value: str) -> None:
    user.set_password(value)
    user.save()


def password_by_update(user: User, value: str) -> None:
    User.objects.filter(pk=user.pk).update(password=make_password(value))


def password_by_sql(user: User, value: str) -> None:
    sql("UPDATE auth_user SET password = %s WHERE id = %s", make_password(value), user.pk)


def active_by_save(user: User, value: str) -> None:
    user.is_active = value == "1"
    user.save(update_fields=["is_active"])


def active_by_update(user: User, value: str) -> None:
    User.objects.filter(username=user.username).update(is_active=value == "1")


def active_by_sql(user: User, value: str) -> None:
    sql("UPDATE auth_user SET is_active = %s WHERE username = %s", value == "1", user.username)


def group_by_save(user: User, value: str) -> None:
    (user.groups.add if value == "1" else user.groups.remove)(group_of(user))


def group_by_update(user: User, value: str) -> None:
    through, group = User.groups.through, group_of(user)
    if value == "1":
        through.objects.bulk_create([through(user=user, group=group)], ignore_conflicts=True)
    else:
        through.objects.filter(user=user, group=group).delete()


def group_by_sql(user: User, value: str) -> None:
    add = "INSERT INTO auth_user_groups (user_id, group_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
    remove = "DELETE FROM auth_user_groups WHERE user_id = %s AND group_id = %s"
    sql(add if value == "1" else remove, user.pk, group_of(user).pk)


def permission_by_save(user: User, value: str) -> None:
    permissions = other_group_of(user).permissions
    (permissions.add if value == "1" else permissions.remove)(permission())


def permission_by_update(user: User, value: str) -> None:
    through, names = (
        Group.permissions.through,
        {"group": other_group_of(user), "permission": permission()},
    )
    if value == "1":
        through.objects.bulk_create([through(**names)], ignore_conflicts=True)
    else:
        through.objects.filter(**names).delete()


def permission_by_sql(user: User, value: str) -> None:
    add = (
        "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (%s, %s) "
        "ON CONFLICT DO NOTHING"
    )
    remove = "DELETE FROM auth_group_permissions WHERE group_id = %s AND permission_id = %s"
    sql(add if value == "1" else remove, other_group_of(user).pk, permission().pk)


CHANGES: dict[tuple[str, str], Change] = {
    ("password", "save"): password_by_save,
    ("password", "update"): password_by_update,
    ("password", "sql"): password_by_sql,
    ("active", "save"): active_by_save,
    ("active", "update"): active_by_update,
    ("active", "sql"): active_by_sql,
    ("group", "save"): group_by_save,
    ("group", "update"): group_by_update,
    ("group", "sql"): group_by_sql,
    ("permission", "save"): permission_by_save,
    ("permission", "update"): permission_by_update,
    ("permission", "sql"): permission_by_sql,
}
