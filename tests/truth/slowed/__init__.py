"""Mounted into a cell's container: the sample site, with each request delayed as a file says."""
