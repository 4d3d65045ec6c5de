"""Mounted into web's container; nothing here is imported by the tests."""
