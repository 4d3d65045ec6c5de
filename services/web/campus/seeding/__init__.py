"""Sample data: made-up students, the same ones each time.

campus.seeding.students makes them up, campus.seeding.writer puts them into the database.
"""
