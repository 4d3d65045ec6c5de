"""Where profiling tools may be turned on, and what the site shows of them then."""

import pytest

from slipstream import config
from slipstream.errors import ConfigurationError
from slipstream.optimization import Settings
from slipstream.profiling import install as module
from slipstream.site import install_app

from ..settings_of_a_site import postgres_site
from .visiting import visit


def settings(tools: str, expose: str = "1", **own: list[str]) -> Settings:
    """A site's settings with these tools."""
    made = postgres_site(ROOT_URLCONF="site.urls", **own)
    environment = {"SLIPSTREAM_PROFILING": tools, "SLIPSTREAM_EXPOSE": expose}
    install_app(made, config.read({}, environment))
    return made


def test_without_being_told_nothing_of_it_is_there() -> None:
    text = str(settings(""))
    assert "profiling" not in text
    assert "zeal" not in text
    assert "debug_toolbar" not in text


def test_it_is_refused_where_its_pages_would_be_for_everybody() -> None:
    with pytest.raises(ConfigurationError, match="'review' without SLIPSTREAM_EXPOSE=1: its pages"):
        settings("review", expose="0")


def test_unknown_tool_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown tool 'reviw'.* did you mean 'review'"):
        settings("toolbar,reviw")


def test_flame_graphs_are_refused_beside_tools_that_would_be_in_them() -> None:
    with pytest.raises(ConfigurationError, match="'flame' has to be alone"):
        settings("flame,toolbar")


def test_missing_package_is_named_with_the_image_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="needs django-zeal, which isn't installed: take"):
        settings("review")


def test_tools_look_on_from_outside_of_all_other_middlewares() -> None:
    middlewares = settings("review,toolbar")["MIDDLEWARE"]
    assert middlewares[1] == "slipstream.profiling.middleware.ReviewMiddleware"
    assert middlewares[2] == "slipstream.timing.middleware.ServerTimingMiddleware"


def test_toolbar_that_a_site_has_already_is_not_there_twice() -> None:
    own = ["debug_toolbar.middleware.DebugToolbarMiddleware"]
    made = settings("toolbar", INSTALLED_APPS=["debug_toolbar"], MIDDLEWARE=own)
    assert made["INSTALLED_APPS"].count("debug_toolbar") == 1
    assert made["MIDDLEWARE"].count(*own) == 1


def test_toolbar_is_on_pages_although_debug_is_off_and_the_review_beside_it() -> None:
    page, missing, review = visit("/in_a_page/", "/nothing/", "/-/review", tools="review,toolbar")
    assert 'id="djDebug"' in page["text"]
    assert missing["status"] == 404
    assert [one["kind"] for one in review["pages"]["in_a_page"]["todo"]] == ["repeated"]
