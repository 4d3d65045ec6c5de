"""The SLIPSTREAM setting and its environment, read once."""

import dataclasses

import pytest

from slipstream.checks import unknown_keys
from slipstream.config import read
from slipstream.errors import ConfigurationError


def test_defaults_without_a_setting_or_an_environment() -> None:
    config = read({}, {})

    assert config.active == ()
    assert (config.pgbouncer.HOST, config.pgbouncer.PORT) == ("pgbouncer", 6432)
    assert not config.expose


def test_the_environment_goes_before_the_setting() -> None:
    setting = {"PGBOUNCER": {"HOST": "from-setting", "PORT": 1}}

    config = read(setting, {"SLIPSTREAM_PGBOUNCER_HOST": "from-environment"})

    assert (config.pgbouncer.HOST, config.pgbouncer.PORT) == ("from-environment", 1)


def test_active_names_are_split_at_commas_without_blanks() -> None:
    assert read({}, {"SLIPSTREAM_ACTIVE": " a, b ,,"}).active == ("a", "b")


def test_given_names_go_before_the_variable() -> None:
    assert read({}, {"SLIPSTREAM_ACTIVE": "a"}, active=["b"]).active == ("b",)


def test_the_configuration_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read({}, {}).expose = True  # type: ignore[misc]


BAD_VALUES = [
    ({}, {"SLIPSTREAM_PGBOUNCER_PORT": "x"}, "SLIPSTREAM_PGBOUNCER_PORT='x'"),
    ({}, {"SLIPSTREAM_EXPOSE": "maybe"}, "SLIPSTREAM_EXPOSE='maybe'"),
    ({}, {"SLIPSTREAM_BASELINE": "fast"}, "SLIPSTREAM_BASELINE='fast'"),
    ({"POOL": {"MAX_SIZE": "8"}}, {}, r"SLIPSTREAM\['POOL'\]\['MAX_SIZE'\] is '8'"),
    ({"POOL": {"MAX_SIZE": True}}, {}, r"SLIPSTREAM\['POOL'\]\['MAX_SIZE'\] is True"),
]


@pytest.mark.parametrize(("setting", "environ", "message"), BAD_VALUES)
def test_a_wrong_value_is_named_in_one_line(
    setting: dict[str, dict[str, object]], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        read(setting, environ)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "fact", "hint"),
    [
        ({"POLL": {}}, "no group 'POLL'", "Did you mean 'POOL'?"),
        ({"POOL": {"MAXSIZE": 1}}, "no key 'MAXSIZE'", "Did you mean 'MAX_SIZE'?"),
    ],
)
def test_unknown_keys_are_check_errors_with_a_hint(
    setting: dict[str, dict[str, object]], fact: str, hint: str
) -> None:
    (message,) = unknown_keys(setting)

    assert fact in message.msg
    assert message.hint == hint
    assert message.id == "slipstream.E001"
