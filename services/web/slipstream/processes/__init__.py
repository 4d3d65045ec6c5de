"""How the web server's worker processes come to be: a module per level."""
