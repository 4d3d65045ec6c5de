"""The queries of the sample site's people page, by visitors who search, and some who write."""

import random
import secrets
import sys
import time
from itertools import accumulate

from django.contrib.auth.models import User

from benchmarks.querycache.plan import Plan
from benchmarks.querycache.priming import counted_sql, prime
from campus.models import College, Dorm, Major, Profile
from campus.paging import paginate
from campus.views.people import PEOPLE, dorms_by_college, search

__all__ = ["Visitor"]

SEARCHES = 20
NAMES = ("an", "mar", "lee", "jo", "smith", "ra")
ACCOUNTS = 50


class Visitor:
    """One process of visits, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = random.Random(plan.seed)  # noqa: S311 - who visits what
        self.pks = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
        self.filters = self._filters()
        # Some are looked for more often: the n-th in proportion to 1/n.
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.filters) + 1)))

    @staticmethod
    def _filters() -> list[dict[str, object]]:
        """What is searched for, none first; the same in all processes of a run."""
        found: list[dict[str, object]] = [{"college": college} for college in College.objects.all()]
        found += [{"dorm": dorm} for dorm in Dorm.objects.order_by("pk")[:20]]
        found += [{"major": major} for major in Major.values]
        found += [{"q": text} for text in NAMES]
        random.Random(0).shuffle(found)  # noqa: S311 - an order
        return [{}, *found[: SEARCHES - 1]]

    def run(self) -> dict[str, float]:
        """Have every search answered once, wait for a line on stdin, then visit for some time."""
        for filters in self.filters:
            self._warm(filters)
        print("ready", flush=True)
        sys.stdin.readline()
        return self._visits(self.plan.seconds)

    def _warm(self, filters: dict[str, object]) -> None:
        if self.plan.library == "none":
            self.page(filters, self.pks[0])
        else:
            prime(lambda: self.page(filters, self.pks[0]), "the people page")

    def _visits(self, seconds: float) -> dict[str, float]:
        pages = writes = 0
        start = time.monotonic()
        with counted_sql() as asked:
            while time.monotonic() - start < seconds:
                if self.random.random() < self.plan.share_of_writes:
                    self.write()
                    writes += 1
                else:
                    (filters,) = self.random.choices(self.filters, cum_weights=self.weights)
                    self.page(filters, self.random.choice(self.pks[:ACCOUNTS]))
                    pages += 1
            elapsed = time.monotonic() - start
        return {"pages": pages, "writes": writes, "seconds": elapsed, "queries": len(asked)}

    def page(self, filters: dict[str, object], account: int) -> None:
        """What the view asks for, without the rendering, which no query cache changes."""
        User.objects.get(pk=account)
        paginate(search(filters), by="name", after="", size=PEOPLE)
        list(College.objects.only("name").order_by("name"))
        dorms_by_college()

    def write(self) -> None:
        """Someone edits their profile."""
        rows = Profile.objects.filter(pk=self.random.choice(self.pks))
        update = rows.invalidated_update if self.plan.library == "cacheops" else rows.update  # type: ignore[attr-defined]
        update(about=secrets.token_hex(8))
