"""The tests themselves are the distribution's; what is here comes before what is there."""

import os
from pathlib import Path

__path__.append(str(Path(os.environ["CACHALOT_SOURCES"]) / "cachalot" / "tests"))
