"""The addresses of the site's pages.

What answers there is in campus.views.
"""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.staticfiles.views import serve
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.cache import cache_control

from campus.views import colleges, dashboard, landing, people, posts, profiles


class UsernameConverter(StringConverter):
    """What Django's own user names may consist of."""

    regex = r"[\w.@+-]+"


register_converter(UsernameConverter, "username")

login = LoginView.as_view(template_name="campus/login.html", redirect_authenticated_user=True)

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("people/", people.people, name="people"),
    path("people/<username:username>/", profiles.profile, name="profile"),
    path("profile/edit/", profiles.edit_profile, name="edit-profile"),
    path("posts/new/", posts.new_post, name="new-post"),
    path("posts/<int:pk>/", posts.post, name="post"),
    path("posts/<int:pk>/comments/", posts.new_comment, name="new-comment"),
    path("colleges/", colleges.colleges, name="colleges"),
    path("admin/", admin.site.urls),
    # One stylesheet and a few thumbnails need no service of their own; found as in development.
    path("static/<path:path>", cache_control(max_age=3600)(serve), {"insecure": True}),
]
