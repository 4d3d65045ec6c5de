"""The tiny site behind the middleware, and its Server-Timing header as numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client, override_settings

from slipstream.timing.install import uninstall

from .tiny_site import LOADERS, templates

HEADER = re.compile(
    r'db;dur=(?P<db>\d+\.\d+);desc="(?P<queries>\d+)", '
    r'connect;dur=(?P<connect>\d+\.\d+);desc="(?P<connections>\d+)", '
    r'template;dur=(?P<template>\d+\.\d+);desc="(?P<compiled>\d+)", '
    r'cache;dur=(?P<cache>\d+\.\d+);desc="(?P<round_trips>\d+)", '
    r'(?:jinja2;desc="(?P<jinja2>\d+)", )?'
    r"total;dur=(?P<total>\d+\.\d+)"
)


@dataclass(frozen=True)
class Timing:
    """Times in milliseconds and numbers, as in the header."""

    db: float
    queries: int
    connect: float
    connections: int
    template: float
    compiled: int
    cache: float
    round_trips: int
    jinja2: int
    total: float


def timing_of(response: Any) -> Timing:
    match = HEADER.fullmatch(response.headers["Server-Timing"])
    assert match, response.headers["Server-Timing"]
    values = match.groupdict("0").items()
    return Timing(**{name: float(text) if "." in text else int(text) for name, text in values})


@pytest.fixture
def client() -> Iterator[Client]:
    settings = {
        "ROOT_URLCONF": "tests.unit.slipstream.timing.tiny_site",
        "MIDDLEWARE": ["slipstream.timing.middleware.ServerTimingMiddleware"],
        "TEMPLATES": templates(LOADERS),
    }
    with override_settings(**settings):
        yield Client()
    uninstall()
