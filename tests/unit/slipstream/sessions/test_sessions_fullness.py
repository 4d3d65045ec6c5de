"""Looking how full Redis is never stands in a visitor's way. Warnings: tests/integration."""

import pytest
from redis import Redis

from slipstream.sessions import fullness

from .conftest import Site
from .servers import closed_port, complaining_port


@pytest.mark.parametrize("complaint", ["NOPERM no permissions", "ERR unknown command 'INFO'"])
def test_redis_that_does_not_say_how_full_it_is_is_no_warning(complaint: str) -> None:
    with complaining_port(complaint) as (host, port), Redis(host, port, protocol=2) as client:
        assert fullness.warning(client) == ""


def test_look_at_a_redis_that_is_away_raises_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fullness, "_looked_at", [])
    with closed_port() as address:
        site(address)
        fullness.look_if_due()
        fullness.look_if_due()
    assert ["does not answer" in record.message for record in caplog.records] == [True]
