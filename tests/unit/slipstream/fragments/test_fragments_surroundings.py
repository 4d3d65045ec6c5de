"""What surrounds a rendering without being named: where it differs, the fragment is another one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test.utils import override_script_prefix
from django.utils import timezone

from slipstream.fragments.surroundings import surroundings
from slipstream.generations.writes import written_by

from .showing import visit

MODULE = "slipstream.fragments.surroundings"
INNER = SimpleNamespace(namespace="inner")

SURROUNDINGS: dict[str, Callable[[HttpRequest], AbstractContextManager[Any]]] = {
    "script prefix": lambda _: override_script_prefix("/below/"),
    "URLs": lambda _: patch(f"{MODULE}.get_urlconf", lambda: "campus.urls"),
    "namespace": lambda request: patch.object(request, "resolver_match", INNER),
    "current app": lambda request: patch.object(request, "current_app", "inner", create=True),
    "session": lambda _: patch.object(written_by(connection).session, "key", "role=ann"),
    # Not `translation.override`: without translations Django settles for one language at first use.
    "language": lambda _: patch(f"{MODULE}.get_language", lambda: "de"),
    "time zone": lambda _: timezone.override("Asia/Tokyo"),
}


@pytest.mark.usefixtures("fragments")
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_each_is_part_of_the_key(name: str, settings: Any) -> None:
    settings.USE_I18N = True
    request = visit()
    before = surroundings(request, "")

    with SURROUNDINGS[name](request):
        within = surroundings(request, "")

    assert within != before
    assert surroundings(request, "") == before


@pytest.mark.usefixtures("fragments")
def test_the_version_is_part_of_the_key() -> None:
    assert surroundings(visit(), "1") != surroundings(visit(), "2")
