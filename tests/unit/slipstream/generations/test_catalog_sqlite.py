"""What SQLite's catalog adds: views, triggers and cascades of a real database in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import ConnectionHandler

from slipstream.generations.catalog import Catalog, load

SCHEMA = """
CREATE TABLE College (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
CREATE TABLE dorm (id INTEGER PRIMARY KEY, college_id INTEGER
    REFERENCES COLLEGE (id) ON DELETE CASCADE);
CREATE TABLE room (id INTEGER PRIMARY KEY, dorm_id INTEGER REFERENCES dorm ON UPDATE SET NULL);
CREATE TABLE key (id INTEGER PRIMARY KEY, room_id INTEGER REFERENCES room (id));
CREATE TABLE log (id INTEGER PRIMARY KEY, note TEXT);
CREATE TABLE entry (id INTEGER PRIMARY KEY, log_id INTEGER
    REFERENCES log (id) ON DELETE CASCADE);
CREATE TABLE audited (id INTEGER PRIMARY KEY);
CREATE TABLE badge (id INTEGER PRIMARY KEY ON CONFLICT REPLACE);
CREATE TABLE loan (id INTEGER PRIMARY KEY, badge_id INTEGER
    REFERENCES badge (id) ON DELETE CASCADE);
CREATE VIEW "Dorms" AS SELECT d.id, c.name FROM dorm d JOIN college c ON c.id = d.college_id;
CREATE VIEW dorms_again (id) AS SELECT id FROM dorms;
CREATE VIEW fresh AS SELECT * FROM log WHERE note > date('now');
CREATE VIEW dated AS SELECT *, CURRENT_DATE FROM log;
CREATE VIEW over_fresh AS SELECT * FROM fresh;
CREATE TRIGGER audit AFTER INSERT ON audited BEGIN INSERT INTO log (note) VALUES ('x'); END;
CREATE TRIGGER dorms_write INSTEAD OF INSERT ON dorms_again BEGIN DELETE FROM "key"; END;
"""


def connect(name: Path | str) -> Any:
    handler = ConnectionHandler(
        {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(name)}}
    )
    return handler["default"]


@pytest.fixture
def connection(django_db_blocker: Any) -> Iterator[Any]:
    wrapper = connect(":memory:")
    with django_db_blocker.unblock():  # it is no database of the settings
        wrapper.ensure_connection()
        wrapper.connection.executescript(SCHEMA)
        yield wrapper
        wrapper.connection.close()


@pytest.fixture
def catalog(connection: Any) -> Catalog:
    return load(connection, {})


def test_tables_and_views_are_relations_in_lower_case(catalog: Catalog) -> None:
    assert catalog.relations >= {"college", "dorm", "dorms", "dorms_again"}
    assert "audit" not in catalog.relations


def test_a_view_is_read_as_itself_and_all_tables_under_it(catalog: Catalog) -> None:
    assert catalog.read(["dorms_again", "id", "note"]) == {
        "dorms_again",
        "dorms",
        "dorm",
        "college",
    }


def test_names_that_are_no_relations_are_not_read(catalog: Catalog) -> None:
    assert catalog.read(["nothing"]) == frozenset()


def test_an_insert_changes_its_table_alone(catalog: Catalog) -> None:
    assert catalog.written(["college"], removes=False) == {"college"}


def test_foreign_keys_with_an_action_carry_a_delete_on(catalog: Catalog) -> None:
    assert catalog.written(["college"], removes=True) == {"college", "dorm", "room"}


def test_a_trigger_writes_what_its_text_names_and_that_may_cascade(catalog: Catalog) -> None:
    assert catalog.written(["audited"], removes=False) == {"audited", "log", "entry"}


def test_a_view_with_an_instead_of_trigger_writes_what_that_names(catalog: Catalog) -> None:
    written = catalog.written(["dorms_again"], removes=False)

    assert written is not None
    assert "key" in written


def test_a_declaration_goes_before_the_text_of_a_trigger(connection: Any) -> None:
    catalog = load(connection, {"Audited": ["COLLEGE"]})

    assert catalog.written(["audited"], removes=False) == {"audited", "college", "dorm", "room"}


def test_an_insert_that_replaces_on_conflict_may_cascade(catalog: Catalog) -> None:
    assert catalog.written(["badge"], removes=False) == {"badge", "loan"}


def test_a_table_that_is_not_known_may_change_everything(catalog: Catalog) -> None:
    assert catalog.written(["created_since"], removes=False) is None


def test_views_that_ask_the_clock_are_unstable_and_so_are_views_over_them(
    catalog: Catalog,
) -> None:
    assert catalog.unstable >= {"fresh", "dated", "over_fresh", "sqlite_master", "sqlite_sequence"}
    assert catalog.unstable.isdisjoint({"dorms", "dorms_again", "log", "college"})


UNIQUE = """
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT UNIQUE, "E-mail" TEXT, a INTEGER, b INTEGER,
    half TEXT, low TEXT, UNIQUE (a, b));
CREATE UNIQUE INDEX by_mail ON member ("E-mail");
CREATE UNIQUE INDEX by_half ON member (half) WHERE half > '';
CREATE UNIQUE INDEX by_low ON member (lower(low));
CREATE UNIQUE INDEX by_b ON member (b COLLATE NOCASE);
CREATE INDEX by_a ON member (a);
CREATE TABLE folded (name TEXT COLLATE NOCASE, UNIQUE (name COLLATE BINARY));
CREATE VIEW members AS SELECT * FROM member;
ATTACH ':memory:' AS other;
CREATE TABLE other.member (name TEXT UNIQUE, "E-mail" TEXT);
"""


def test_columns_are_unique_by_a_whole_index_of_their_own_in_all_tables_of_the_name(
    connection: Any,
) -> None:
    create, other = UNIQUE.split("ATTACH")
    connection.connection.executescript(create)
    unique = load(connection, {}).unique
    assert unique["member"] == {"name", "E-mail"}
    assert not unique["folded"]
    assert not unique["members"]

    connection.connection.executescript(f"ATTACH{other}")
    assert load(connection, {}).unique["member"] == {"name"}


SPREADING = """
CREATE TABLE staff (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES staff (id) ON DELETE SET NULL);
CREATE TABLE ring (id INTEGER PRIMARY KEY, link_id INTEGER REFERENCES link (id) ON DELETE CASCADE);
CREATE TABLE link (id INTEGER PRIMARY KEY, ring_id INTEGER);
CREATE TRIGGER rings AFTER UPDATE ON ring BEGIN DELETE FROM link WHERE ring_id = new.id; END;
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree (id));
"""


def test_tables_whose_writes_come_back_to_them_spread(connection: Any) -> None:
    connection.connection.executescript(SPREADING)
    spreading = load(connection, {}).spreading
    assert spreading >= {"staff", "ring", "link", "badge"}
    assert spreading.isdisjoint({"tree", "college", "dorm", "room", "log", "entry"})
    assert "tree" in load(connection, {"tree": ["TREE"]}).spreading


def test_attached_and_temporary_tables_are_seen(connection: Any, tmp_path: Path) -> None:
    attach = f"ATTACH '{tmp_path / 'other.sqlite3'}' AS \"the other\""
    for sql in (
        attach,
        'CREATE TABLE "the other".a (id INTEGER PRIMARY KEY)',
        'CREATE TABLE "the other".b (id INTEGER REFERENCES a (id) ON DELETE CASCADE)',
        "CREATE TEMP TABLE mine (id INTEGER)",
    ):
        connection.connection.execute(sql)

    catalog = load(connection, {})

    assert catalog.relations >= {"a", "b", "mine", "college"}
    assert catalog.written(["a"], removes=True) == {"a", "b"}
    assert "mine" in catalog.unstable


def test_loading_is_not_seen_by_execute_wrappers_and_leaves_the_transaction(
    connection: Any,
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise AssertionError("a query went through Django")

    connection.connection.execute("BEGIN")
    connection.connection.execute("INSERT INTO log (note) VALUES ('x')")
    with connection.execute_wrapper(refuse):
        load(connection, {})

    assert connection.connection.in_transaction
    connection.connection.execute("ROLLBACK")
    assert connection.connection.execute("SELECT count(*) FROM log").fetchone() == (0,)


MADE_UP = Catalog(
    relations=frozenset({"parent", "child", "other_child", "secret", "told", "far"}),
    families={
        "parent": frozenset({"child", "other_child"}),
        "child": frozenset({"parent"}),
        "other_child": frozenset({"parent"}),
    },
    cascades={"told": frozenset({"secret"}), "far": frozenset({"child"})},
    opaque=frozenset({"secret"}),
)

CASES: list[tuple[str, bool, frozenset[str] | None]] = [
    ("child", False, frozenset({"parent", "child", "other_child"})),
    ("far", True, frozenset({"far", "parent", "child", "other_child"})),
    ("secret", False, None),
    ("told", False, frozenset({"told"})),
    ("told", True, None),
]


@pytest.mark.parametrize(("table", "removes", "expected"), CASES)
def test_families_change_together_and_opaque_tables_change_everything(
    table: str, removes: bool, expected: frozenset[str] | None
) -> None:
    assert MADE_UP.written([table], removes=removes) == expected


def test_partitions_are_read_with_their_whole_family() -> None:
    assert MADE_UP.read(["child"]) == {"parent", "child", "other_child"}
