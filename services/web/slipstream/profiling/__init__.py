"""Development only: the query review, flame graphs and the debug toolbar of the `profiling` profile.

No optimization: nothing here changes how the site works, and no measured cell has it. Turned on by
SLIPSTREAM_PROFILING where SLIPSTREAM_EXPOSE is set as well; `install.py` says what it needs.
"""
