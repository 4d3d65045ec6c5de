"""The two names that the tests take from pytz, which nothing else here needs."""

from datetime import UTC
from zoneinfo import ZoneInfo as timezone  # noqa: N813 - pytz calls it so

__all__ = ["UTC", "timezone"]
