"""The lab's report in a browser: on a phone, on a desk, in the dark, on paper; no replica needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from loadtest import report
from tests.unit.loadtest.test_report import row
from tests.unit.loadtest.test_report_page import whole

from . import chromium


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    rows = {
        "baseline-again": row(1.02, 0.9, 1.1),
        "persistent-connections": row(10.25, 9.02, 11.14),
        "preload": row(0.9, 0.7, 1.1),
        "recommended": row(12.1, 11.0, 13.0),
    }
    report.write(whole(**rows), tmp_path / "report.html")
    started = chromium.start(tmp_path / "chromium")
    try:
        yield started
    finally:
        started.quit()


def shown(driver: Any, folder: Path, width: int, **media: str) -> None:
    """Open the page on a screen so wide."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get((folder / "report.html").as_uri())


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_does_not_scroll_sideways(driver: Any, tmp_path: Path, width: int) -> None:
    shown(driver, tmp_path, width)
    size = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert size[0] <= size[1]
    intervals = driver.find_elements(By.CSS_SELECTOR, "svg.interval")
    assert len(intervals) == 8
    assert all(one.size["width"] > 100 for one in intervals)


def test_dark_mode_is_dark_and_readable(driver: Any, tmp_path: Path) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        shown(driver, tmp_path, 1280, prefers_color_scheme=scheme)
        colours[scheme] = driver.execute_script(
            "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        )
    assert colours["light"] == ["rgb(255, 255, 255)", "rgb(27, 31, 36)"]
    assert colours["dark"] == ["rgb(13, 17, 23)", "rgb(230, 237, 243)"]


def test_table_that_scrolls_is_reached_by_keyboard(driver: Any, tmp_path: Path) -> None:
    shown(driver, tmp_path, 360)
    driver.switch_to.active_element.send_keys("\ue004")  # Tab
    assert driver.switch_to.active_element.get_attribute("role") == "region"


def test_browser_finds_nothing_to_complain_about(driver: Any, tmp_path: Path) -> None:
    shown(driver, tmp_path, 1280)
    assert driver.get_log("browser") == []
