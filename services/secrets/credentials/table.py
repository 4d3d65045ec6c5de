"""The table of secret files: name and reading group of each, and which ones a team may give.

Compose adds the same groups to the readers (`group_add`); contents are made in `contents`.
"""

SECRETS = "/run/slipstream/secrets"
GIVEN = "/run/slipstream/given"

# One group per file, so that a service reads exactly the files it was given and no other.
GROUPS = {
    "django-secret-key": 9001,
    "postgres-app.password": 9002,
    "postgres-app.verifier": 9003,
    "postgres-health.password": 9004,
    "postgres-health.verifier": 9005,
    "postgres-monitor.password": 9006,
    "postgres-monitor.verifier": 9007,
    "pgbouncer-userlist.txt": 9008,
    "redis-web.password": 9009,
    "redis-health.password": 9010,
    "redis-users.acl": 9011,
}

POSTGRES_ROLES = ("app", "health", "monitor")
PASSWORDS = tuple(name for name in GROUPS if name.endswith(".password"))
# The rest of the table is computed from these.
GIVABLE = ("django-secret-key", *PASSWORDS)
