"""Rounds of log-ins, log-outs and changes of accounts across two workers: `make test-rounds`."""
