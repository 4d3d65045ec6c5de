"""What requests cost: CPU time and memory by service, statements as the services count them.

Nothing here is polled: counters are read once before and once after what is measured.
"""
