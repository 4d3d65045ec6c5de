"""The system checks as Django runs them, and the refusal of a web server to boot on an error."""

import pytest
from django.test import override_settings

from slipstream.checks import refuse_unsafe
from slipstream.errors import ConfigurationError


def test_safe_settings_let_the_server_boot() -> None:
    refuse_unsafe()


def test_an_unknown_key_keeps_the_server_from_booting_and_names_the_remedy() -> None:
    with (
        override_settings(SLIPSTREAM={"POOL": {"MAXSIZE": 3}}),
        pytest.raises(ConfigurationError, match=r"'MAXSIZE'.*'MAX_SIZE'.*slipstream\.E001"),
    ):
        refuse_unsafe()
