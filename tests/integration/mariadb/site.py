"""What the tests of the query cache on MariaDB share: aliases, a schema, and the truth beside it.

`picture` asks the ORM, which the cache answers; `truth` asks the driver, which it doesn't.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connections

from tests.integration.query_cache import ALIAS, SAME, sql
from tests.unit.slipstream.querycache.waiting import until

from .server import Mariadb

__all__ = [
    "REPEATABLE",
    "UNCOMMITTED",
    "Picture",
    "aliases",
    "child_count",
    "picture",
    "settled",
    "start_over",
    "truth",
]

REPEATABLE, UNCOMMITTED = "races-repeatable", "races-uncommitted"
LEVELS = {REPEATABLE: "repeatable read", UNCOMMITTED: "read uncommitted"}
Picture = list[tuple[Any, ...]]

# The parent is Django's own: what the ORM writes there, the database carries on.
SCHEMA = (
    """CREATE TABLE slip_child (id int AUTO_INCREMENT PRIMARY KEY, parent int NOT NULL,
       FOREIGN KEY (parent) REFERENCES auth_group (id) ON DELETE CASCADE)""",
    "CREATE TABLE slip_note (id int AUTO_INCREMENT PRIMARY KEY, note varchar(50))",
    "CREATE VIEW slip_people AS SELECT username, first_name FROM auth_user",
    """CREATE FUNCTION slip_size() RETURNS int READS SQL DATA
       RETURN (SELECT count(*) FROM auth_group)""",
    """CREATE FUNCTION slip_made() RETURNS int MODIFIES SQL DATA
       BEGIN INSERT INTO auth_group (name) VALUES ('by a function'); RETURN 1; END""",
    "CREATE PROCEDURE slip_make() INSERT INTO auth_group (name) VALUES ('by a procedure')",
    "CREATE DATABASE slip_other",
)
PICTURE = (
    "SELECT username, first_name FROM auth_user",
    "SELECT name FROM auth_group",
    """SELECT u.username, g.name FROM auth_user u JOIN auth_user_groups m ON m.user_id = u.id
       JOIN auth_group g ON g.id = m.group_id""",
)


@contextmanager
def aliases(server: Mariadb) -> Iterator[None]:
    """Two aliases onto one database with Django's own tables, and two of other isolation."""
    # The mysql backend of Django knows but mysqlclient, which needs a compiler.
    pymysql.install_as_MySQLdb()
    entry = {
        "ENGINE": "django.db.backends.mysql",
        "NAME": server.name,
        "HOST": server.host,
        "PORT": server.port,
        "USER": server.user,
        "PASSWORD": server.password,
    }
    names = (ALIAS, SAME, *LEVELS)
    for alias in names:
        options = {"OPTIONS": {"isolation_level": LEVELS[alias]}} if alias in LEVELS else {}
        connections.databases[alias] = entry | options
        connections.configure_settings(connections.databases)
    call_command("migrate", database=ALIAS, verbosity=0)
    for text in SCHEMA:
        sql(text)
    yield
    for alias in names:
        connections[alias].close()
        delattr(connections._connections, alias)
        del connections.databases[alias]


def start_over() -> None:
    """One user in one group, and nothing else."""
    for table in ("auth_user_groups", "auth_user_user_permissions", "slip_child", "slip_note"):
        sql(f"DELETE FROM {table}")  # noqa: S608
    sql("DELETE FROM auth_group")
    sql("DELETE FROM auth_user")
    first = User.objects.using(ALIAS).create(username="first", first_name="old")
    first.groups.add(Group.objects.using(ALIAS).create(name="staff"))


def picture() -> list[Picture]:
    """Return users, groups and who is in which."""
    users, groups = User.objects.using(ALIAS), Group.objects.using(ALIAS)
    members = users.filter(groups__isnull=False)
    return [
        sorted(users.values_list("username", "first_name")),
        sorted(groups.values_list("name")),
        sorted(members.values_list("username", "groups__name")),
    ]


def truth() -> list[Picture]:
    """Return the picture as the driver says, over a connection that Django knows nothing of."""
    given = connections[ALIAS].settings_dict
    made = pymysql.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        database=given["NAME"],
    )
    found = []
    with made, made.cursor() as cursor:
        for text in PICTURE:
            cursor.execute(text)
            found.append(sorted(cursor.fetchall()))
    return found


def child_count() -> int:
    """Return how many rows `slip_child` has: a read of the ORM's that names it in its text."""
    read = User.objects.using(ALIAS).extra(select={"n": "SELECT count(*) FROM slip_child"})
    return int(read.values_list("n", flat=True).get(username="first"))


def settled(read: Any, queries: Any) -> Any:
    """Return what a read says once it comes from the cache."""
    until(lambda: queries(read) == 0)
    return read()
