"""The table: its rows, which sets it allows, and what each set makes of a site's settings."""

import itertools
from typing import Any

import pytest

from slipstream import config as configuration
from slipstream.errors import (
    ConfigurationError,
    ConflictingOptimizations,
    NotApplicable,
    UnknownOptimization,
)
from slipstream.optimizations import (
    FACTORS,
    OPTIMIZATIONS,
    allowed_sets,
    apply,
    by_name,
    recommended,
    select,
)
from slipstream.templates.backends import CACHED_LOADER, SHARED_LOADER

from .settings_of_a_site import postgres_site, sqlite_site

ALL_SETS = list(allowed_sets())
PG_LEVELS = {"persistent-connections", "connection-pool", "pgbouncer"}


@pytest.fixture(autouse=True)
def _fresh_configuration(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(configuration, "_installed", [])
    monkeypatch.setenv("SLIPSTREAM_BASELINE", "story")


def test_names_are_unique_and_every_factor_has_a_level() -> None:
    assert len(by_name) == len(OPTIMIZATIONS)
    assert {row.factor for row in OPTIMIZATIONS} == {factor.name for factor in FACTORS}


def test_recommended_set_is_allowed_and_has_one_level_of_a_factor() -> None:
    assert recommended() in ALL_SETS
    assert len({by_name[name].factor for name in recommended()}) == len(recommended())


def test_allowed_sets_are_all_subsets_in_which_no_two_exclude_each_other() -> None:
    names = [row.name for row in OPTIMIZATIONS]
    subsets = itertools.chain.from_iterable(
        itertools.combinations(names, size) for size in range(len(names) + 1)
    )
    expected = [
        names
        for names in subsets
        if len({by_name[name].factor for name in names}) == len(names)
        and not any(by_name[name].excludes.keys() & set(names) for name in names)
    ]

    assert sorted(ALL_SETS) == sorted(expected)
    assert ALL_SETS[0] == ()


def test_select_puts_names_into_the_order_of_the_table() -> None:
    assert select(["preload", "redis-sessions", "preload"]) == ("redis-sessions", "preload")


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownOptimization, match=r"'pgbuncer'.*did you mean 'pgbouncer'\?"):
        select(["pgbuncer"])


@pytest.mark.parametrize("pair", list(itertools.combinations(sorted(PG_LEVELS), 2)))
def test_two_levels_of_a_factor_are_refused_with_both_names(pair: tuple[str, str]) -> None:
    with pytest.raises(ConflictingOptimizations) as raised:
        select(pair)
    assert all(repr(name) in str(raised.value) for name in pair)


@pytest.mark.parametrize(
    "pair", [(row.name, other) for row in OPTIMIZATIONS for other in row.excludes]
)
def test_what_excludes_another_is_refused_with_both_names_and_the_reason(
    pair: tuple[str, str],
) -> None:
    name, other = pair
    with pytest.raises(ConflictingOptimizations) as raised:
        select(pair)
    said = str(raised.value)
    assert all(part in said for part in (repr(name), repr(other), by_name[name].excludes[other]))


@pytest.mark.parametrize("names", ALL_SETS, ids=lambda names: "+".join(names) or "baseline")
def test_each_allowed_set_applies_and_passes_its_own_checks(names: tuple[str, ...]) -> None:
    settings = postgres_site()

    apply(settings, names)

    config = configuration.current()
    assert config.active == names
    assert [m for name in names for m in by_name[name].check(settings, config)] == []
    assert expected_connections(names) == connections_of(settings)
    assert (settings["SESSION_ENGINE"] == "slipstream.sessions.redis") == (
        "redis-sessions" in names
    )
    in_rust = "rust-templates" in names
    shared = "shared-templates" in names
    assert loads_by(settings, CACHED_LOADER) == ("cached-templates" in names)
    assert loads_by(settings, SHARED_LOADER) == shared
    assert ("Rust" in settings["TEMPLATES"][-1]["BACKEND"]) == in_rust
    assert (settings["TEMPLATES"][0]["BACKEND"].endswith("Jinja2")) == ("jinja2" in names)


def expected_connections(names: tuple[str, ...]) -> tuple[Any, ...]:
    if "pgbouncer" in names:
        return ("pgbouncer", 6432, None, False, True)
    if "connection-pool" in names:
        return ("db.example", "5432", 0, True, None)
    if "persistent-connections" in names:
        return ("db.example", "5432", None, False, None)
    return ("db.example", "5432", 0, False, None)


def connections_of(settings: dict[str, Any]) -> tuple[Any, ...]:
    database = settings["DATABASES"]["default"]
    pooled = bool(database["OPTIONS"].get("pool"))
    cursors = database.get("DISABLE_SERVER_SIDE_CURSORS")
    return (database["HOST"], database["PORT"], database["CONN_MAX_AGE"], pooled, cursors)


def loads_by(settings: dict[str, Any], loader: str) -> bool:
    loaders = settings["TEMPLATES"][-1]["OPTIONS"]["loaders"]
    return any(loader in str(one) for one in loaders)


def test_pgbouncer_leaves_a_direct_alias_for_migrations() -> None:
    settings = postgres_site()

    apply(settings, ["pgbouncer"])

    direct = settings["DATABASES"]["direct"]
    assert (direct["HOST"], direct["CONN_MAX_AGE"]) == ("db.example", 0)
    assert direct["TEST"] == {"MIRROR": "default"}


def test_a_site_keeps_its_own_settings_where_it_does_not_ask_for_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLIPSTREAM_BASELINE", "site")
    settings = postgres_site(SESSION_ENGINE="site.sessions")
    settings["DATABASES"]["default"]["CONN_MAX_AGE"] = 60

    apply(settings, [])

    assert settings["SESSION_ENGINE"] == "site.sessions"
    assert settings["DATABASES"]["default"]["CONN_MAX_AGE"] == 60
    assert settings["TEMPLATES"][0]["APP_DIRS"] is True


@pytest.mark.parametrize("name", sorted(PG_LEVELS))
def test_what_a_site_gives_nothing_to_act_on_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(NotApplicable, match=rf"'{name}'.*leave it out for this site"):
        apply(sqlite_site(), [name])


def test_a_session_middleware_of_the_sites_own_is_not_replaced_silently() -> None:
    settings = postgres_site(MIDDLEWARE=["site.SessionMiddleware"])
    with pytest.raises(NotApplicable, match="derive the site's own"):
        apply(settings, ["redis-sessions"])


UNSAFE: list[tuple[str, dict[str, Any], str]] = [
    ("persistent-connections", {"CONN_HEALTH_CHECKS": False}, "slipstream.E010"),
    ("connection-pool", {"CONN_MAX_AGE": None}, "slipstream.E011"),
    ("pgbouncer", {"DISABLE_SERVER_SIDE_CURSORS": False}, "slipstream.E012"),
    ("pgbouncer", {"OPTIONS": {"options": "-c search_path=a"}}, "slipstream.E013"),
    ("pgbouncer", {"OPTIONS": {"pool": True}}, "slipstream.E014"),
]


@pytest.mark.parametrize(("name", "change", "identifier"), UNSAFE)
def test_an_unsafe_change_behind_the_overlay_is_found(
    name: str, change: dict[str, Any], identifier: str
) -> None:
    settings = postgres_site()
    apply(settings, [name])
    settings["DATABASES"]["default"] |= change

    found = by_name[name].check(settings, configuration.current())

    assert [message.id for message in found] == [identifier]
    assert all(message.hint for message in found)


@pytest.mark.parametrize("name", ["cached-templates", "shared-templates", "preload"])
def test_what_hides_edits_warns_under_debug(name: str) -> None:
    settings = postgres_site(DEBUG=True)
    apply(settings, [name])
    assert by_name[name].check(settings, configuration.current())


def test_a_pool_that_cannot_grow_is_refused() -> None:
    settings = postgres_site(SLIPSTREAM={"POOL": {"MIN_SIZE": 9, "MAX_SIZE": 4}})
    with pytest.raises(ConfigurationError, match=r"MIN_SIZE=9.*MAX_SIZE=4"):
        apply(settings, ["connection-pool"])
