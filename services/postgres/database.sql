-- The database of the site: what the roles find in it before the first migration.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- The view of pg_stat_statements lives there; tables stay their owner's.
GRANT USAGE ON SCHEMA public TO monitor;
