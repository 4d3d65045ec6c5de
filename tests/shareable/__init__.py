"""How many templates of well-known packages `shared-templates` can share: `python -m tests.shareable`."""
