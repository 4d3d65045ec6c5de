"""The models of the tests, where Django looks for them."""

from cachalot.tests.models import PostgresModel, Test, TestChild, TestParent, UnmanagedModel

__all__ = ["PostgresModel", "Test", "TestChild", "TestParent", "UnmanagedModel"]
