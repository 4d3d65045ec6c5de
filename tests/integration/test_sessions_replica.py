"""Sessions of the replica: kept when its profile is turned on and off, and over what befalls Redis."""

import json
import os
import subprocess

import requests
from pymemcache.client.base import Client as Memcached
from redis import Redis

from .replica import ROOT, Replica, wait_until

VISITORS = 3
SESSIONS = 3000
COOKIE = "sessionid"
PAGE = "/dashboard/"

LOG_IN = f"""
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
engine = import_module(settings.SESSION_ENGINE)
users = list(User.objects.filter(username__startswith="student").order_by("username"))
for number in range({SESSIONS}):
    user, session = users[number % len(users)], engine.SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY], session["number"] = settings.AUTHENTICATION_BACKENDS[0], number
    session.save()
    print("session", user.username, session.session_key)
"""


def assert_logged_in(replica: Replica, *visitors: requests.Session) -> None:
    answers = [replica.get(PAGE, visitor) for visitor in visitors]
    assert [answer.status_code for answer in answers] == [200] * len(visitors)
    assert [COOKIE in answer.headers.get("Set-Cookie", "") for answer in answers] == [
        False for _ in visitors
    ]


def test_turning_the_profile_on_and_off_logs_nobody_out(replica: Replica) -> None:
    replica.up([])
    visitors = [replica.login(number) for number in range(VISITORS)]
    cookies = [visitor.cookies[COOKIE] for visitor in visitors]

    for names in (["redis-sessions"], [], ["redis-sessions"]):
        replica.up(names)
        assert_logged_in(replica, *visitors)
    # Redis stops here: what it has goes into the database before, for visitors who come later.
    done = make_up(replica, "")

    assert done.returncode == 0, done.stdout
    assert "from Redis to the database" in done.stdout
    services = replica.compose("ps", "--services", "--all", COMPOSE_PROFILES="*").stdout.split()
    assert "redis" not in services
    assert_logged_in(replica, *visitors)
    assert [visitor.cookies[COOKIE] for visitor in visitors] == cookies


def make_up(replica: Replica, profiles: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | replica.environment
    environment.pop("COMPOSE_PROFILES")
    return subprocess.run(
        ["make", "up", f"PROFILES={profiles}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_three_thousand_sessions_outlive_a_kill_of_redis_and_a_flood_of_the_cache(
    replica: Replica,
) -> None:
    replica.up(["redis-sessions", "query-cache"])
    made = replica.compose("exec", "-T", "web", "python", "manage.py", "shell", "-c", LOG_IN)
    lines = [line.split() for line in made.stdout.splitlines() if line.startswith("session ")]
    assert len(lines) == SESSIONS, made.stdout[-2000:]

    before = started(replica)
    replica.kill("redis")
    flood(replica)
    wait_until(lambda: started(replica) != before, 60, "redis was started again")
    wait_until(lambda: replica.health("redis") == "healthy", 60, "redis is back")

    assert numbers_in_redis(replica) >= set(range(SESSIONS))
    for _, _, cookie in lines[:: SESSIONS // 100]:
        visitor = requests.Session()
        visitor.cookies[COOKIE] = cookie
        assert_logged_in(replica, visitor)


def started(replica: Replica) -> str:
    return str(replica.container("redis")["State"]["StartedAt"])


def flood(replica: Replica) -> None:
    """Fill memcached until it throws things out."""
    client = Memcached(replica.service_address("memcached", 11211))
    value, number = os.urandom(500_000), 0
    try:
        while not int(client.stats()[b"evictions"]):
            client.set_many({f"flood-{number + each}": value for each in range(20)})
            number += 20
    finally:
        client.close()


def numbers_in_redis(replica: Replica) -> set[int]:
    """What the sessions hold, of those made by LOG_IN, as the site's own user reads it."""
    host, port = replica.service_address("redis", 6379)
    password = replica.secret("redis-web.password")
    with Redis(host=host, port=port, username="web", password=password) as client:
        keys = list(client.scan_iter("*:session:*", count=1000))
        held = [json.loads(raw) for raw in client.mget(keys) if raw]
    return {data["number"] for data in held if isinstance(data, dict) and "number" in data}
