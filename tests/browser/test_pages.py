"""What holds for every page: a quiet console, narrow screens, Server-Timing that a browser reads."""

import pytest

from .visitor import Visitor

METRICS = {"db", "connect", "template", "cache", "total"}
LOGGED_IN = ("/dashboard/", "/people/", "/people/student000001/", "/profile/edit/", "/posts/new/")
NARROW = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
TOO_WIDE = """
return [...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > arguments[0])
  .map(element => element.outerHTML.slice(0, 120));
"""


def test_no_page_complains_in_the_console(stranger: Visitor) -> None:
    for path in ("/", "/colleges/", "/login/"):
        stranger.open(path)
        assert stranger.console() == [], path
    stranger.login("student000001")
    for path in (*LOGGED_IN, a_post(stranger)):
        stranger.open(path)
        assert stranger.path == path
        assert stranger.console() == [], path


def test_images_and_styles_of_a_page_load(student: Visitor) -> None:
    student.open("/people/student000001/")
    loaded = "return [...document.images].map(image => image.naturalWidth)"
    assert min(student.script(loaded)) > 0
    assert student.script("return document.styleSheets[0].cssRules.length") > 0


@pytest.mark.parametrize("path", ["/dashboard/", "/people/", "/people/student000001/"])
def test_page_fits_a_screen_of_360_pixels(student: Visitor, path: str) -> None:
    student.open("/posts/new/")
    student.fill(body="an" * 100)  # a word that no line can hold
    student.press("Publish")
    student.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", NARROW)
    student.open(path)
    width = student.script("return document.documentElement.scrollWidth")
    assert width <= 360, student.script(TOO_WIDE, 360)


def test_browser_reads_server_timing(student: Visitor) -> None:
    student.open("/people/")
    timing = {
        entry["name"]: entry
        for entry in student.script(
            "return performance.getEntriesByType('navigation')[0].serverTiming"
            ".map(({name, duration, description}) => ({name, duration, description}))"
        )
    }
    assert timing.keys() == METRICS
    # The session comes from Redis, and the rows from the query cache or the database.
    assert int(timing["cache"]["description"]) >= 2
    assert int(timing["db"]["description"]) >= 0
    assert timing["total"]["duration"] > timing["cache"]["duration"] > 0


def a_post(visitor: Visitor) -> str:
    visitor.open("/dashboard/")
    return str(visitor.one("article.post p a").get_attribute("href")).removeprefix(visitor.url)
