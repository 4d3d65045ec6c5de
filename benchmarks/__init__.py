"""Measurements that need services but not the replica, and what they share with tests.races."""
