"""One module per vendor: its system tables read into `Facts`. `catalog.py` draws conclusions."""
