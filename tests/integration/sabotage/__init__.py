"""Mounted into the containers of sabotaged cells; nothing here is imported by the tests."""
