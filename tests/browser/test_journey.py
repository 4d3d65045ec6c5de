"""The main journey: log in, search, edit one's profile, write, comment, log out."""

import pytest
from selenium.webdriver import Keys

from slipstream.optimizations import recommended
from tests.integration.replica import Replica, assert_reports

from .conftest import bring_to
from .visitor import Visitor

PERSON = ".people .person a"


@pytest.mark.parametrize("names", [(), recommended()], ids=["baseline", "recommended"])
def test_journey_with_the_mouse(replica: Replica, visitor: Visitor, names: tuple[str, ...]) -> None:
    bring_to(replica, names)
    assert_reports(replica, names)
    visitor.login("student000002")
    search(visitor)
    edit_profile(visitor, f"Rows at dawn, {len(names)} optimizations on.")
    write(visitor, "The library is open all night.", "See you there.")
    visitor.press("Log out")
    assert visitor.username is None


def search(visitor: Visitor) -> None:
    visitor.follow("People")
    name = visitor.texts(PERSON)[3]
    visitor.fill(q=name)
    visitor.press("Search")
    visitor.follow(name)
    assert visitor.heading == name


def edit_profile(visitor: Visitor, about: str) -> None:
    visitor.follow("student000002")
    visitor.follow("Edit your profile")
    visitor.fill(about=about)
    visitor.press("Save")
    assert visitor.texts("[role=status]") == ["Your profile is saved."]
    assert about in visitor.texts("main > .text")
    visitor.open(visitor.path)
    assert about in visitor.texts("main > .text")
    assert visitor.texts("[role=status]") == []


def write(visitor: Visitor, text: str, comment: str) -> None:
    visitor.follow("Write")
    visitor.fill(body=text)
    visitor.press("Publish")
    assert visitor.texts("article .text") == [text]
    visitor.fill(body=comment)
    visitor.press("Comment")
    assert visitor.texts(".comments .text") == [comment]
    visitor.follow("student000002")
    assert visitor.texts("article.post > .text")[0] == text


def test_empty_post_is_refused_with_a_reason_beside_the_field(student: Visitor) -> None:
    student.follow("Write")
    student.press("Publish")
    assert student.path == "/posts/new/"
    assert "This field is required." in student.one("[role=alert]").text
    assert student.one("[name=body]").get_attribute("aria-invalid") == "true"


def test_journey_with_the_keyboard_alone(stranger: Visitor) -> None:
    stranger.open("/")
    skip_to_content(stranger)
    log_in_by_keyboard(stranger)
    search_by_keyboard(stranger)
    edit_profile_by_keyboard(stranger, "Found by Tab and Enter.")
    write_by_keyboard(stranger, "Written without a mouse.", "So is this.")
    stranger.tab_to("header button", text="Log out")
    stranger.enter()
    assert stranger.username is None


def skip_to_content(visitor: Visitor) -> None:
    visitor.tab_to("a.skip", at_most=1)
    visitor.keys(Keys.ENTER)
    visitor.wait(lambda: visitor.focused().get_attribute("id") == "main", "focus on the content")
    visitor.tab_to("main a", text="Log in", at_most=1)


def log_in_by_keyboard(visitor: Visitor) -> None:
    visitor.enter()
    assert visitor.focused().get_attribute("name") == "username"
    visitor.keys("student000003")
    visitor.tab_to("[name=password]", at_most=1)
    visitor.keys("campus")
    visitor.enter()
    assert visitor.username == "student000003"


def search_by_keyboard(visitor: Visitor) -> None:
    visitor.tab_to("header a", text="People")
    visitor.enter()
    name = visitor.texts(PERSON)[5]
    visitor.tab_to("[name=q]")
    visitor.keys(name)
    visitor.enter()
    visitor.tab_to(PERSON, text=name)
    visitor.enter()
    assert visitor.heading == name


def edit_profile_by_keyboard(visitor: Visitor, about: str) -> None:
    visitor.tab_to("header a", text="student000003")
    visitor.enter()
    visitor.tab_to("main a", text="Edit your profile")
    visitor.enter()
    visitor.tab_to("[name=about]")
    visitor.select_all()
    visitor.keys(about)
    visitor.tab_to("main button", text="Save", at_most=1)
    visitor.enter()
    assert about in visitor.texts("main > .text")


def write_by_keyboard(visitor: Visitor, text: str, comment: str) -> None:
    visitor.tab_to("header a", text="Write")
    visitor.enter()
    for words, button in ((text, "Publish"), (comment, "Comment")):
        visitor.tab_to("[name=body]")
        visitor.keys(words)
        visitor.tab_to("main button", text=button, at_most=1)
        visitor.enter()
    assert visitor.texts(".text") == [text, comment]
