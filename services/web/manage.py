#!/usr/bin/env python3
"""Django's command line for the sample site, or for the settings named in the environment.

Nothing of the site lives here.
"""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campus.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
