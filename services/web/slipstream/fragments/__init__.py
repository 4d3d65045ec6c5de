"""The fragment cache: rendered fragments and pages, dropped by any write to what they were made of.

`tags.py` and `jinja2.py` are what templates use, `pages.py` what views do; what was read is recorded by
`slipstream.generations.recording`.
"""
