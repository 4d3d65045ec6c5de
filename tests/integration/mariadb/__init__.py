"""A MariaDB server for tests; the replica has none."""
