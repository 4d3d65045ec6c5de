"""The header Server-Timing itself: on each response, beside what the site says there."""

import pytest
from django.test import Client

from .conftest import HEADER, timing_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/queries/0/", "/missing/", "/own-header/"])
def test_each_response_has_one(client: Client, path: str) -> None:
    assert "Server-Timing" in client.get(path).headers


def test_what_the_site_says_there_is_kept(client: Client) -> None:
    own, _, ours = client.get("/own-header/").headers["Server-Timing"].partition(", ")
    assert own == "site;dur=1"
    assert HEADER.fullmatch(ours)


def test_streamed_response_is_measured_when_it_begins(client: Client) -> None:
    response = client.get("/stream/")
    assert timing_of(response).queries == 2
    assert b"".join(response.streaming_content) == b"part"  # type: ignore[attr-defined]
