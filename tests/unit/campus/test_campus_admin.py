"""The admin's lists open, and friendships come and go in pairs there.

The admin itself is Django's.
"""

import pytest
from django.test import Client

from campus.models import Friendship, Profile

MODELS = ["college", "dorm", "profile", "friendship", "post", "comment"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.usefixtures("people")
def test_list_and_form_open(model: str, admin_client: Client) -> None:
    assert admin_client.get(f"/admin/campus/{model}/").status_code == 200
    assert admin_client.get(f"/admin/campus/{model}/add/").status_code == 200


def test_friendship_is_made_both_ways(people: list[Profile], admin_client: Client) -> None:
    one, other = people[50].pk, people[51].pk

    admin_client.post("/admin/campus/friendship/add/", {"user": one, "friend": other})

    assert Friendship.objects.filter(user=one, friend=other).exists()
    assert Friendship.objects.filter(user=other, friend=one).exists()


def test_friendship_ends_both_ways(people: list[Profile], admin_client: Client) -> None:
    me, friend = people[0].pk, people[1].pk
    row = Friendship.objects.get(user=friend, friend=me)
    before = Friendship.objects.count()

    admin_client.post(f"/admin/campus/friendship/{row.pk}/delete/", {"post": "yes"})

    assert Friendship.objects.count() == before - 2
    assert not Friendship.objects.filter(user=me, friend=friend).exists()


def test_chosen_friendships_end_both_ways(people: list[Profile], admin_client: Client) -> None:
    rows = list(Friendship.objects.filter(user=people[0]).values_list("pk", flat=True)[:3])
    before = Friendship.objects.count()
    form = {"action": "delete_selected", "_selected_action": rows, "post": "yes"}

    admin_client.post("/admin/campus/friendship/", form)

    assert Friendship.objects.count() == before - 6
