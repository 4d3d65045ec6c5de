"""Speaks with the pages under /-/ of a profiling cell."""

import http.client
import json
import urllib.request
from typing import Any
from urllib.parse import quote

from loadtest.errors import ReplicaError
from loadtest.loopback import require_loopback

__all__ = ("begin_anew", "flame", "read")

TIMEOUT_SECONDS = 30


def begin_anew(base_url: str, tool: str) -> None:
    """Forget what was found so far: the first visits of a process aren't like the others."""
    _ask(f"{base_url}/-/{tool}", method="POST")


def read(base_url: str, tool: str) -> dict[str, Any]:
    """The `pages` that the tool has seen, by name; raises ReplicaError where it doesn't say."""
    url = f"{base_url}/-/{tool}"
    try:
        pages: dict[str, Any] = json.loads(_ask(url))["pages"]
    except (ValueError, KeyError, TypeError):
        raise ReplicaError(
            f"{url} doesn't say which pages it saw: is it a profiling cell?"
        ) from None
    return pages


def flame(base_url: str, page: str) -> bytes:
    """The HTML of a page's flame graph."""
    return _ask(f"{base_url}/-/flame?page={quote(page, safe='')}")


def _ask(url: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(require_loopback(url), method=method)  # noqa: S310 - http only
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ReplicaError(f"{url} doesn't answer ({error}): is the profiling cell up?") from None
    return content
