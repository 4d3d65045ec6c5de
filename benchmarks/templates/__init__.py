"""What each level of the factor `templates` costs a worker: memory, and time at its boot."""
