"""The scenario file: the shipped one, and one-line errors for others."""

from pathlib import Path

import pytest

from loadtest.errors import SettingsError
from loadtest.paths import SCENARIO
from loadtest.scenario import ACTIONS, Scenario


def test_shipped_scenario_has_every_action_and_searches_most() -> None:
    scenario = Scenario.read(SCENARIO)
    weights = dict(zip(ACTIONS, scenario.weights, strict=True))
    assert all(weights.values())
    assert max(weights, key=lambda name: weights[name]) == "people-search"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[mix]\ndashbord = 1", "did you mean 'dashboard'?"),
        ("[mixx]\ndashboard = 1", "did you mean 'mix'?"),
        ("[mix]\ndashboard = -1", "dashboard = -1"),
        ("[mix]\ndashboard = true", "dashboard = True"),
        ("[mix]\nprofile = 0", "no action with a weight"),
        ("[mix]\nprofile = 1\n[people-search]\nfiltered = 1.5", "filtered = 1.5"),
        ("[mix", "is not TOML"),
    ],
)
def test_unusable_scenario_is_answered_in_one_line(tmp_path: Path, text: str, hint: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        Scenario.read(file)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_scenario_names_the_file() -> None:
    with pytest.raises(SettingsError, match=r"can't read scenario '/none.toml'"):
        Scenario.read(Path("/none.toml"))
