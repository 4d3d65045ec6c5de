"""A visitor of the sample site: what people do in a browser, each step waited for.

What must come of it is for the tests to say.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.integration.replica import PASSWORD

SECONDS = 30


class Visitor:
    """One browser on one site; paths are relative to the site."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    # --- pages

    def open(self, path: str) -> None:
        self.driver.get(f"{self.url}{path}")

    @property
    def path(self) -> str:
        return str(self.driver.current_url).removeprefix(self.url)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; fails with `what`."""
        message = f"after {SECONDS} s still not: {what}; the browser is at {self.path!r}"
        WebDriverWait(self.driver, SECONDS, 0.1).until(lambda _: condition(), message)

    @contextmanager
    def next_page(self) -> Iterator[None]:
        """What is done inside leads to another document; leave when that one is complete."""
        self.script("window.left = true")
        yield
        done = "return !window.left && document.readyState === 'complete'"
        self.wait(lambda: self.script(done), "another page")

    # --- what is on a page

    def script(self, source: str, *arguments: object) -> Any:
        return self.driver.execute_script(source, *arguments)

    def all(self, css: str) -> list[WebElement]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        return [str(element.text) for element in self.all(css)]

    @property
    def heading(self) -> str:
        return str(self.one("h1").text)

    @property
    def username(self) -> str | None:
        """Who the site says is logged in."""
        links = self.texts('header a[href^="/people/student"]')
        return links[0] if links else None

    def console(self) -> list[str]:
        """What the browser's console said since it was last asked."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in log]

    # --- with the mouse

    def follow(self, text: str) -> None:
        with self.next_page():
            self.driver.find_element(By.LINK_TEXT, text).click()

    def press(self, text: str) -> None:
        with self.next_page():
            self.driver.find_element(By.XPATH, f"//button[normalize-space()={text!r}]").click()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            field = self.one(f"main [name={name}]")
            field.clear()
            field.send_keys(value)

    def choose(self, name: str, text: str) -> None:
        Select(self.one(f"main select[name={name}]")).select_by_visible_text(text)

    def login(self, username: str, password: str = PASSWORD) -> None:
        self.open("/login/")
        self.fill(username=username, password=password)
        self.press("Log in")

    # --- with the keyboard alone

    def keys(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def select_all(self) -> None:
        """Select what the focused field holds: typing replaces it."""
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(
            Keys.CONTROL
        ).perform()

    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def tab_to(self, css: str, *, text: str = "", at_most: int = 60) -> None:
        """Tab on to an element; each one on the way must show that it has the focus."""
        for _ in range(at_most):
            self.keys(Keys.TAB)
            assert self.focus_is_visible(), self.focused().get_attribute("outerHTML")
            element = self.focused()
            if self.script("return arguments[0].matches(arguments[1])", element, css) and (
                text in element.text
            ):
                return
        raise AssertionError(f"{at_most} times Tab didn't reach {css!r} {text!r}")

    def enter(self) -> None:
        with self.next_page():
            self.keys(Keys.ENTER)

    def focus_is_visible(self) -> bool:
        """True where the focused element has an outline, and the window shows it."""
        return bool(self.script(FOCUS_IS_VISIBLE))


FOCUS_IS_VISIBLE = """
const element = document.activeElement, box = element.getBoundingClientRect();
const style = getComputedStyle(element);
return element.matches(':focus-visible') && style.outlineStyle !== 'none'
  && parseFloat(style.outlineWidth) >= 1 && box.width > 0 && box.height > 0
  && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
"""
