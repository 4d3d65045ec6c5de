"""The replica's secrets: what each file holds, who may read it, how it is written.

Reads no service and starts none; the services read the files themselves.
"""
