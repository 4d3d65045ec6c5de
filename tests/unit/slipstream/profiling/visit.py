"""Visits pages of the bad site in a process of its own, and prints what the tools say, as JSON.

In one of their own since the tools patch Django for good. Arguments: paths, and `POST=PATH`.
"""

import json
import os
import sys
import warnings
from typing import Any

warnings.simplefilter("error")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.unit.slipstream.profiling.bad_site"

import django  # noqa: E402 - needs the module's name
from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402


def seed() -> None:
    """5 users with an entry each in the admin's log, 120 groups."""
    call_command("migrate", verbosity=0)
    users, entries = apps.get_model("auth", "User"), apps.get_model("admin", "LogEntry")
    groups = apps.get_model("auth", "Group")
    made = users.objects.bulk_create([users(username=f"user{number}") for number in range(5)])
    entries.objects.bulk_create(
        [entries(user=one, object_repr=f"by {one}", action_flag=1) for one in made]
    )
    groups.objects.bulk_create([groups(name=f"group {number}") for number in range(120)])


def visited(client: Client, word: str) -> Any:
    """What the page says: JSON as it is, else status and text."""
    method, _, path = word.rpartition("=/")
    answer = getattr(client, method.lower() or "get")("/" + path.lstrip("/"))
    if answer["Content-Type"] == "application/json":
        return answer.json()
    return {"status": answer.status_code, "text": answer.content.decode()}


def main() -> None:
    """Print a list: what each page said."""
    django.setup()
    seed()
    client = Client()
    client.force_login(apps.get_model("auth", "User").objects.get(username="user0"))
    print(json.dumps([visited(client, word) for word in sys.argv[1:]]))


if __name__ == "__main__":
    main()
