#!/usr/bin/env python3
"""Django's command line for the sample site, or for the settings named in the environment.

Nothing of the site lives here.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from django.core.management import execute_from_command_line

ACTIVE_SET = Path("/run/slipstream/profiles/active")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campus.settings")
    # In the replica's web container: what a command writes must reach the caches of the running site.
    with suppress(FileNotFoundError):
        os.environ.setdefault("SLIPSTREAM_ACTIVE", ACTIVE_SET.read_text())
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
