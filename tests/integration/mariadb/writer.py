"""Another process of the same site: `python -m tests.integration.mariadb.writer` renames the user.

Its settings come as JSON on standard input; what it read before and after goes to standard output.
"""

import json
import sys

import django
import pymysql
from django.conf import settings


def main() -> None:
    """Read, write, and read again, by the ORM."""
    pymysql.install_as_MySQLdb()
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "slipstream.querycache"]
    settings.configure(INSTALLED_APPS=apps, USE_TZ=True, **json.load(sys.stdin))
    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415 - once Django is set up

    read = User.objects.values_list("first_name", flat=True)
    before = [list(read.all()) for _ in range(2)]
    User.objects.filter(username="first").update(first_name="by another process")
    json.dump({"before": before, "after": list(read.all())}, sys.stdout)


if __name__ == "__main__":
    main()
