"""Redis goes away and comes back: what a logged-in visitor sees meanwhile, and after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.integration.replica import Replica

from .visitor import Visitor


@contextmanager
def without_redis(site: Replica) -> Iterator[None]:
    site.compose("stop", "redis", COMPOSE_PROFILES="redis-sessions")
    try:
        yield
    finally:
        site.compose("start", "redis", COMPOSE_PROFILES="redis-sessions")


def test_visitor_is_told_to_try_again_and_stays_logged_in(site: Replica, student: Visitor) -> None:
    cookie = student.driver.get_cookie("sessionid")
    assert cookie is not None
    with without_redis(site):
        student.open("/dashboard/")
        assert "try again" in student.heading.lower()
        assert "not been logged out" in student.one("main").text
        assert student.driver.get_cookie("sessionid") == cookie
    student.wait(reloaded(student, "student000001"), "logged in, as before")
    assert student.path == "/dashboard/"
    assert student.driver.get_cookie("sessionid") == cookie


def test_page_that_needs_no_login_is_shown_without_redis(site: Replica, student: Visitor) -> None:
    with without_redis(site):
        student.open("/colleges/")
        assert student.heading == "Colleges"


def reloaded(visitor: Visitor, username: str) -> Callable[[], bool]:
    """Reload the page and tell whether it knows the visitor."""

    def attempt() -> bool:
        visitor.driver.refresh()
        return visitor.username == username

    return attempt
