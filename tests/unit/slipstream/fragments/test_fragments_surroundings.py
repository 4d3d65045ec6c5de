"""What surrounds a rendering without being named: where it differs, the fragment is another one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import connection
from django.http import HttpRequest
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone

from slipstream.fragments.surroundings import surroundings
from slipstream.generations.writes import written_by

from .showing import visit

Surrounding = Callable[[HttpRequest], AbstractContextManager[object]]


@contextmanager
def below(_request: HttpRequest) -> Iterator[None]:
    before = get_script_prefix()
    set_script_prefix("/below/")
    yield
    set_script_prefix(before)


@contextmanager
def other_urls(_request: HttpRequest) -> Iterator[None]:
    before = get_urlconf()
    set_urlconf("campus.urls")
    yield
    set_urlconf(before)


@contextmanager
def namespace(request: HttpRequest) -> Iterator[None]:
    request.resolver_match = SimpleNamespace(namespace="inner")  # type: ignore[assignment]
    yield
    request.resolver_match = None


@contextmanager
def current_app(request: HttpRequest) -> Iterator[None]:
    request.current_app = "inner"  # type: ignore[attr-defined]
    yield
    del request.current_app  # type: ignore[attr-defined]


@contextmanager
def session(_request: HttpRequest) -> Iterator[None]:
    told = written_by(connection).session
    told.key = "role=ann"
    yield
    told.key = ""


def language(_request: HttpRequest) -> AbstractContextManager[object]:
    # Not `translation.override`: without translations Django settles for one language at first use.
    return patch("slipstream.fragments.surroundings.get_language", lambda: "de")


def time_zone(_request: HttpRequest) -> AbstractContextManager[object]:
    return timezone.override("Asia/Tokyo")


SURROUNDINGS: list[Surrounding] = [
    *(below, other_urls, namespace, current_app, session, language, time_zone),
]


@pytest.mark.usefixtures("fragments")
@pytest.mark.parametrize("other", SURROUNDINGS, ids=lambda other: other.__name__)
def test_each_is_part_of_the_key(other: Surrounding, settings: SimpleNamespace) -> None:
    settings.USE_I18N = True
    request = visit()
    before = surroundings(request, "")

    with other(request):
        within = surroundings(request, "")

    assert within != before
    assert surroundings(request, "") == before


@pytest.mark.usefixtures("fragments")
def test_the_version_is_part_of_the_key() -> None:
    assert surroundings(visit(), "1") != surroundings(visit(), "2")
