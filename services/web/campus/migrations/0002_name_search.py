"""An index for the search in the middle of names, where the database has such indexes.

Not part of the models' state: SQLite knows no trigrams, its small tables are scanned.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

INDEX = "profile_name_trigrams"


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    table = schema_editor.quote_name(apps.get_model("campus", "Profile")._meta.db_table)
    # A trusted extension: the database's owner may create it without being a superuser.
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    # UPPER, because that is what __icontains compares.
    schema_editor.execute(
        f"CREATE INDEX {INDEX} ON {table} USING gin (UPPER(name) gin_trgm_ops)"
    )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("campus", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
