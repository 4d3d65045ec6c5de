"""The load generator: one process of Locust users, told what to do over stdin, answering on stdout.

It is a package of its own since Locust patches the whole process for gevent; `driver.py` of the
lab starts it and speaks to it.
"""
