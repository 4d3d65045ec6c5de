"""Stands in for a module that runs tests with each value of a setting that only cachalot has."""

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


def all_final_sql_checks(test: Test) -> Test:
    return test


no_final_sql_check = with_final_sql_check = all_final_sql_checks
