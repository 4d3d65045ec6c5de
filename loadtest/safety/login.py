"""Logs a visitor in and out through the site's own forms, over one line."""

from loadtest.generator.catalog import Form
from loadtest.safety.line import Answer, Line, ProbeError, Visitor

__all__ = ("HOME", "is_logged_out", "log_in", "log_out", "send", "shows")

LOGIN, LOGOUT, HOME = "/login/", "/logout/", "/dashboard/"
PASSWORD = "campus"  # noqa: S105 - as in generator/login.py, whose imports patch the process
FOUND, OK = 302, 200


def log_in(line: Line, user: str) -> tuple[Visitor, Answer]:
    """The visitor with the cookies of the log-in, and its answer. Raises ProbeError."""
    visitor = Visitor(user=user)
    form = line.get(LOGIN, visitor)
    data = {"username": user, "password": PASSWORD}
    return visitor, send(line, LOGIN, visitor, form, data)


def log_out(line: Line, visitor: Visitor) -> Answer:
    """Send the form that every page has for it. Raises ProbeError."""
    return send(line, LOGOUT, visitor, line.get(HOME, visitor), {})


def is_logged_out(answer: Answer) -> bool:
    """Say whether the answer asks to log in first."""
    return answer.status == FOUND and answer.header("Location").startswith(LOGIN)


def shows(answer: Answer, user: str) -> bool:
    """Say whether the page is the user's: each links to the profile of who is logged in."""
    return answer.status == OK and f"/people/{user}/" in answer.text


def send(line: Line, path: str, visitor: Visitor, page: Answer, data: dict[str, str]) -> Answer:
    """Send a form with the token of its page; its answer is the redirect that says it was taken.

    Raises ProbeError where it wasn't.
    """
    token = Form(page.text).token
    if page.status != OK or not token:
        raise ProbeError(f"{path} as {visitor}: its form answered {page.status} without a token")
    answer = line.post(path, visitor, data | {"csrfmiddlewaretoken": token})
    if answer.status != FOUND:
        raise ProbeError(f"{path} as {visitor}: the form answered {answer.status}, not {FOUND}")
    return answer
