"""Whether the lab finds what is there, and only that: the baseline against itself, and slowed down.

Minutes on the real replica: `python -m tests.truth`, which is `make test-truth`.
"""
