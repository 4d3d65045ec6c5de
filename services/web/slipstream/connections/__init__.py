"""How the site connects to its databases: a module per level, and what they observe in common."""
