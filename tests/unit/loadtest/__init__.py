"""Tests of the load lab that need no Docker: design, statistics, store, and real HTTP load."""
