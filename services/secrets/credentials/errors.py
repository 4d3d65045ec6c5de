"""The one error that stops the secrets service.

Its text is a single line and never holds a secret.
"""

import re
import textwrap


class RefusedError(Exception):
    """A value or file that can't be used: the fact, the value in repr, the reason, the remedy."""

    def __init__(self, text: str) -> None:
        super().__init__(re.sub(r"\s+", " ", textwrap.dedent(text)).strip())
