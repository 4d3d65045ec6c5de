"""Settings: defaults, the options' table, one-line errors."""

import pytest

from loadtest.errors import SettingsError
from loadtest.options import OPTIONS
from loadtest.settings import Settings

BAD = {
    "mode": ["fast", "QUICK"],
    "blocks": ["2", "51", "x", "3.5", "nan"],
    "users": ["199", "1000001", "-1", "many"],
    "visitors": ["0", "65", "ten"],
    "warmup_seconds": ["-1", "61", "soon", "nan"],
    "mix_seconds": ["0", "0.4", "inf", "121"],
    "one_query_warmup_seconds": ["-0.1", "x"],
    "one_query_seconds": ["0.1", "999"],
    "latency_seconds": ["-1", "26", "nan"],
    "p95_target_ms": ["0", "10001", "slow"],
    "db_rtt_ms": ["-1", "101", "far"],
    "db_tls": ["maybe"],
    "capacity": ["maybe"],
    "review": ["maybe"],
    "safety": ["maybe"],
    "seed": ["-1", "1.5"],
    "keep": ["maybe"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_bad_setting_is_answered_in_one_line_with_name_value_and_remedy(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.parse({name: value})
    text = str(caught.value)
    assert "\n" not in text
    assert name.upper() in text
    assert value in text
    assert ":" in text


def test_empty_and_missing_values_are_the_defaults() -> None:
    empty = Settings.parse({option.name: "" for option in OPTIONS} | {"seed": "1"})
    assert empty == Settings.parse({"seed": "1", "only": None})
    assert empty.given == ("seed",)


def test_mode_sets_lengths_that_a_setting_of_its_own_overrides() -> None:
    quick, full = Settings.parse({}), Settings.parse({"mode": "full", "blocks": "4"})
    assert full.mix_seconds > quick.mix_seconds
    assert full.blocks == 4


@pytest.mark.parametrize("text", ["a,b", "a b", " a ,, b,a"])
def test_only_is_a_list_by_commas_or_blanks(text: str) -> None:
    assert Settings.parse({"only": text}).only == ("a", "b")


@pytest.mark.parametrize(("text", "meaning"), [("1", "newest"), ("0", ""), ("a-run", "a-run")])
def test_resume_is_a_switch_or_a_name(text: str, meaning: str) -> None:
    assert Settings.parse({"resume": text}).resume == meaning


def test_every_option_is_a_setting() -> None:
    assert {option.name for option in OPTIONS} == set(Settings.__dataclass_fields__) - {"given"}
