"""Every combination of optimizations serves the baseline's pages, to every visitor."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "services" / "web"))
