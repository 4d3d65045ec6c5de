"""What a connection has written, apart from any database."""

import weakref

from slipstream.generations.writes import written_by


class Connection:
    """Stands for Django's, whose own parts hold on to it until the garbage collector comes."""


def test_what_it_wrote_does_not_keep_a_connection_alive() -> None:
    connection = Connection()
    written_by(connection)
    alive = weakref.ref(connection)

    del connection

    assert alive() is None
