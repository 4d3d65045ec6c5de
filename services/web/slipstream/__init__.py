"""Slipstream: optimizations for Django sites, each one a switch that proves itself in force.

The table of them is `slipstream.optimizations`; nothing here imports Django's settings.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
