"""One window of closed, saturated load on one cell: wrk in a container on the replica's network."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.replica.lab import PROJECT

__all__ = ["Load", "Window", "build"]

HERE = Path(__file__).resolve().parent
IMAGE = "slipstream-bench-wrk"
CONNECTIONS = 16
SCRIPT = """
local paths = {%s}
local number = 0
request = function()
  number = number %% #paths + 1
  return wrk.format("GET", paths[number])
end
done = function(summary, latency, requests)
  print("p95: " .. latency:percentile(95))  -- in microseconds
end
"""


@dataclass(frozen=True, slots=True)
class Window:
    """What one window of load saw: pages per second, and the 95th percentile of latency in ms."""

    per_second: float
    p95_ms: float


def build() -> None:
    """Build the image. Ends the run where that fails."""
    done = subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, HERE], check=False)
    if done.returncode:
        raise SystemExit("error: the image with wrk can't be built: see the message above")


@dataclass(frozen=True, slots=True)
class Load:
    """cores: of the generator, as Docker names them; '' for any."""

    cores: str

    def window(self, service: str, cookie: str, paths: Sequence[str], seconds: int) -> Window:
        """Ask for pages, one after another over each connection. Ends the run where one is an error."""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(SCRIPT % ", ".join(f'"{path}"' for path in paths))
            script.flush()
            Path(script.name).chmod(0o644)
            done = subprocess.run(
                [
                    *("docker", "run", "--rm", "--network", f"{PROJECT}_default"),
                    *("--cpuset-cpus", self.cores, "--cap-drop", "ALL"),
                    *("--volume", f"{script.name}:/paths.lua:ro", IMAGE),
                    *("--threads", "1", "--connections", str(CONNECTIONS)),
                    *("--duration", f"{seconds}s", "--timeout", "30s", "--script", "/paths.lua"),
                    *("--header", f"Cookie: {cookie}", f"http://{service}:8000"),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        said = done.stdout + done.stderr
        speed = re.search(r"Requests/sec:\s+([\d.]+)", said)
        p95 = re.search(r"^p95: ([\d.]+)", said, re.MULTILINE)
        if done.returncode or not speed or not p95 or "Non-2xx" in said or "Socket errors" in said:
            raise SystemExit(f"error: wrk on {paths[0]!r} of {service}: {said.strip()}")
        return Window(per_second=float(speed[1]), p95_ms=float(p95[1]) / 1000)
