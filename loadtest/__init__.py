"""The load lab: drives the staging replica and says what each optimization gives.

The optimizations themselves, and the replica's services, live under `services/`.
"""
