"""Logging in and out by the form, as a visitor sees it."""

from .visitor import Visitor


def test_visitor_logs_in_by_the_form(stranger: Visitor) -> None:
    stranger.open("/")
    stranger.follow("Log in")
    stranger.fill(username="student000000", password="campus")
    stranger.press("Log in")
    assert stranger.path == "/dashboard/"
    assert stranger.username == "student000000"


def test_login_leads_to_the_page_that_was_asked_for(stranger: Visitor) -> None:
    stranger.open("/people/?q=a")
    assert stranger.path.startswith("/login/?next=")
    stranger.fill(username="student000000", password="campus")
    stranger.press("Log in")
    assert stranger.path == "/people/?q=a"


def test_wrong_password_is_answered_with_an_error_on_the_same_page(stranger: Visitor) -> None:
    stranger.login("student000000", "not the password")
    assert stranger.path == "/login/"
    assert "correct username and password" in stranger.one("[role=alert]").text
    assert stranger.one("[name=username]").get_attribute("value") == "student000000"
    stranger.open("/dashboard/")
    assert stranger.path.startswith("/login/")


def test_logging_out_ends_the_session(student: Visitor) -> None:
    student.press("Log out")
    assert student.username is None
    student.open("/dashboard/")
    assert student.path.startswith("/login/")
