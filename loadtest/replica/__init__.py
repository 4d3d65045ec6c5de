"""The replica as the lab runs it: a Compose project of its own, with a web container per cell."""
