"""A site that has all of these packages installed, so that their tags can be loaded."""

from importlib import import_module
from typing import Any

PACKAGES = ("django", "wagtail", "oscar", "allauth", "rest_framework")

SECRET_KEY = "of no site"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SITE_ID = 1
STATIC_URL = "/static/"
ROOT_URLCONF = "tests.shareable.settings"
urlpatterns: list[Any] = []


def below(package: str, *names: str) -> list[str]:
    return [f"{package}.{name}" for name in names]


INSTALLED_APPS = [
    *below("django.contrib", "admin", "admindocs", "auth", "contenttypes", "flatpages", "humanize"),
    *below("django.contrib", "messages", "redirects", "sessions", "sitemaps", "sites"),
    *("django.contrib.staticfiles", "django.forms"),
    *("allauth", "allauth.account", "allauth.socialaccount", "allauth.mfa", "allauth.usersessions"),
    *("rest_framework", "rest_framework.authtoken"),
    *("wagtail", "modelcluster", "taggit", "modelsearch"),
    *below("wagtail", "admin", "documents", "embeds", "images", "search", "sites", "snippets"),
    *below("wagtail", "users", "locales", "api.v2"),
    *below("wagtail.contrib", "forms", "redirects", "search_promotions", "settings"),
    *below(
        "wagtail.contrib", "simple_translation", "styleguide", "table_block", "typed_table_block"
    ),
    *("wagtail.contrib.frontend_cache", "wagtail.contrib.routable_page"),
    "oscar.config.Shop",
    *below("oscar.apps", "analytics.apps.AnalyticsConfig", "checkout.apps.CheckoutConfig"),
    *below("oscar.apps", "address.apps.AddressConfig", "shipping.apps.ShippingConfig"),
    *below("oscar.apps", "catalogue.apps.CatalogueConfig", "partner.apps.PartnerConfig"),
    *below("oscar.apps", "catalogue.reviews.apps.CatalogueReviewsConfig"),
    *below("oscar.apps", "communication.apps.CommunicationConfig", "basket.apps.BasketConfig"),
    *below("oscar.apps", "payment.apps.PaymentConfig", "offer.apps.OfferConfig"),
    *below("oscar.apps", "order.apps.OrderConfig", "customer.apps.CustomerConfig"),
    *below("oscar.apps", "search.apps.SearchConfig", "voucher.apps.VoucherConfig"),
    *below("oscar.apps", "wishlists.apps.WishlistsConfig", "dashboard.apps.DashboardConfig"),
    *below("oscar.apps.dashboard", "reports.apps.ReportsDashboardConfig"),
    *below("oscar.apps.dashboard", "users.apps.UsersDashboardConfig"),
    *below("oscar.apps.dashboard", "orders.apps.OrdersDashboardConfig"),
    *below("oscar.apps.dashboard", "catalogue.apps.CatalogueDashboardConfig"),
    *below("oscar.apps.dashboard", "offers.apps.OffersDashboardConfig"),
    *below("oscar.apps.dashboard", "partners.apps.PartnersDashboardConfig"),
    *below("oscar.apps.dashboard", "pages.apps.PagesDashboardConfig"),
    *below("oscar.apps.dashboard", "ranges.apps.RangesDashboardConfig"),
    *below("oscar.apps.dashboard", "reviews.apps.ReviewsDashboardConfig"),
    *below("oscar.apps.dashboard", "vouchers.apps.VouchersDashboardConfig"),
    *below("oscar.apps.dashboard", "communications.apps.CommunicationsDashboardConfig"),
    *below("oscar.apps.dashboard", "shipping.apps.ShippingDashboardConfig"),
    *("widget_tweaks", "haystack", "treebeard", "django_tables2"),
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
WAGTAIL_SITE_NAME = "none"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"

_defaults = import_module("oscar.defaults")
globals().update({name: value for name, value in vars(_defaults).items() if name.isupper()})

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
