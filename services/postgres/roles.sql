-- The roles and their verifiers, at every boot: a rotated secret counts from the next one on.
-- An unchanged verifier is left alone, so that an ordinary boot writes nothing.
\set ON_ERROR_STOP on
\set app `cat /run/slipstream/secrets/postgres-app.verifier`
\set health `cat /run/slipstream/secrets/postgres-health.verifier`
\set monitor `cat /run/slipstream/secrets/postgres-monitor.verifier`

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['app', 'health', 'monitor']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

SELECT format('ALTER ROLE %I PASSWORD %L', name, verifier)
FROM (VALUES ('app', :'app'), ('health', :'health'), ('monitor', :'monitor'))
    AS given (name, verifier)
JOIN pg_authid ON rolname = name
WHERE rolpassword IS DISTINCT FROM verifier
\gexec

SELECT 'GRANT pg_monitor TO monitor'
WHERE NOT pg_has_role('monitor', 'pg_monitor', 'MEMBER')
\gexec

SELECT 'CREATE DATABASE campus OWNER app'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'campus')
\gexec

REVOKE ALL ON DATABASE campus, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE campus TO health, monitor;
