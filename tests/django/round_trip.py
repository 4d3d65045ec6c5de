"""Makes every template that is compiled in a process of the suite go through bytes and back."""

from collections import Counter
from typing import Any

from django.template.base import Template

from slipstream.templates.pickling import Unshareable, dumps, loads

counts: Counter[str] = Counter()


def install() -> None:
    """A template that can't be shared stays as it was compiled, and is counted."""
    compile_nodelist = Template.compile_nodelist

    def through_bytes(self: Template) -> Any:
        self.nodelist = compile_nodelist(self)
        try:
            loads(self, dumps(self))
        except Unshareable as reason:
            counts[f"templates:not shared: {str(reason)[:60]}"] += 1
        else:
            counts["templates:went through bytes"] += 1
        return self.nodelist

    Template.compile_nodelist = through_bytes  # type: ignore[method-assign]
