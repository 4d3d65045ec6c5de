"""The Django app of the query review: puts its instruments in once all models are there."""

import warnings
from typing import Any

from django.apps import AppConfig

from slipstream.profiling.places import here
from slipstream.profiling.recording import CURRENT, Lookup

__all__ = ["ProfilingConfig"]

PREFIX = "N+1 detected on "


class ProfilingConfig(AppConfig):
    """Listed after the site's apps and `zeal`."""

    name = "slipstream.profiling"
    label = "slipstream_profiling"
    verbose_name = "Slipstream: profiling (development only)"

    def ready(self) -> None:
        """Watch models, connections and what django-zeal finds."""
        from zeal.signals import nplusone_detected  # noqa: PLC0415 - in the profiling image only

        from slipstream.patches import Patches  # noqa: PLC0415 - models have to be there
        from slipstream.profiling import columns, instruments  # noqa: PLC0415

        Patches((*instruments.PLACES, *columns.PLACES)).install()
        columns.watch_attributes()
        nplusone_detected.connect(note, dispatch_uid="slipstream_profiling")
        # It is in the review; a warning beside it would be on stderr, once per process.
        warnings.filterwarnings("ignore", message=r"N\+1 detected on", category=UserWarning)


def note(exception: Exception, **_: Any) -> None:
    """Record a lookup that django-zeal reports, while what causes it is still on the stack."""
    recording = CURRENT.get()
    if recording is not None:
        what = str(exception).removeprefix(PREFIX).split(" at ")[0].split(" with ")[0]
        recording.lookups.append(Lookup(what=what, places=here()))
