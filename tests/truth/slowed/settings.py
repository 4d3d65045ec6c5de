"""The sample site's settings, with the delay before everything else."""

from campus.settings import *  # noqa: F403
from campus.settings import MIDDLEWARE

MIDDLEWARE = ["slowed.delay.Delay", *MIDDLEWARE]
