"""How templates are compiled and by which engine: a module per level."""
