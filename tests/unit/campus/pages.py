"""What each page may ask of the database: one row per page, to be read in a diff.

A page for people who are logged in asks for the session and the user first; these two are counted
apart (SESSION_AND_USER), so that a change of either shows as what it is.
"""

from dataclasses import dataclass

SESSION_AND_USER = ("django_session", "auth_user")


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    path: str
    queries: int  # the page's own
    login: bool = True
    status: int = 200


PAGES = (
    Page(name="landing", path="/", queries=0, login=False),
    Page(name="login", path="/login/", queries=0, login=False),
    Page(name="colleges", path="/colleges/", queries=1, login=False),
    # Redirects to the dashboard.
    Page(name="landing, logged in", path="/", queries=0, status=302),
    # My profile, and my friends' posts with their authors and the number of their comments.
    Page(name="dashboard", path="/dashboard/", queries=2),
    # A page of people with their college and dorm; for the filters the colleges and the dorms.
    Page(name="people", path="/people/", queries=3),
    Page(name="people, filtered", path="/people/?q=a&class_year=2027&major=music", queries=3),
    # The profile, its friends, its posts, and their comments with authors.
    Page(name="profile", path="/people/person0000/", queries=4),
    # My profile, and the choices of colleges and dorms.
    Page(name="edit profile", path="/profile/edit/", queries=3),
    Page(name="new post", path="/posts/new/", queries=0),
    # The post with its author, and its comments with theirs.
    Page(name="post", path="/posts/1/", queries=2),
)
