"""Headless Chromium from the distribution, told to talk to 127.0.0.1 alone.

How a visitor acts on the pages is in tests.browser.visitor.
"""

import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # Chromium refuses root with it; the only site it opens is ours
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-prefers-reduced-motion",  # a click must not meet a page that still scrolls
    "--window-size=1280,1000",
)


def start(folder: Path) -> webdriver.Chrome:
    """Start a Chromium whose profile is in `folder`, which must be new."""
    options = webdriver.ChromeOptions()
    options.binary_location = installed("chromium")
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With a path of its own, Selenium looks for no driver to download.
    return webdriver.Chrome(options=options, service=Service(installed("chromedriver")))


def installed(program: str) -> str:
    """Return the program's path; raises FileNotFoundError with the remedy where it is missing."""
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(
            f"{program!r} is not on the PATH, and the browser tests need it:"
            " run 'scripts/setup browser'"
        )
    return path
