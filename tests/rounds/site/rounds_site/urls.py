"""The site's own addresses and those of the rounds."""

from django.urls import include, path

from rounds_site import views

urlpatterns = [
    path("rounds/begin/", views.begin),
    path("rounds/log-in/", views.log_in),
    path("rounds/log-out/", views.log_out),
    path("rounds/own-password/", views.own_password),
    path("rounds/change/", views.change),
    path("rounds/me/", views.me),
    path("rounds/name/", views.name),
    path("", include("campus.urls")),
]
