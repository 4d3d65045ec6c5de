"""Makes every template that a process of the suite compiles go through bytes and back, and settles it."""

from collections import Counter
from typing import Any

from django.template.base import Template

from slipstream.templates.pickling import Unshareable, dumps, loads
from slipstream.templates.settled import RememberedURLs, settle

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
        if not self.engine.debug:
            settle(self.nodelist)
        return self.nodelist

    Template.compile_nodelist = through_bytes  # type: ignore[method-assign]
    may_have = RememberedURLs.may_have

    def counted(self: RememberedURLs, *call: Any) -> bool:
        kept = may_have(self, *call)
        counts[f"templates:URL {'kept' if kept else 'made anew'}"] += 1
        return kept

    RememberedURLs.may_have = counted  # type: ignore[method-assign]
