"""The sample colleges and dorms; there are as many for ten students as for a million.

Who lives there is in campus.seeding.students.
"""

from django.db import transaction

from campus.models import College, Dorm
from campus.seeding import words

# (position of the college, position of the dorm) -> (id of the college, id of the dorm)
DormIds = dict[tuple[int, int], tuple[int, int]]


@transaction.atomic
def write() -> DormIds:
    """Adds what is missing."""
    College.objects.bulk_create(
        [College(name=name, town=town) for name, town in words.COLLEGES], ignore_conflicts=True
    )
    colleges = dict(College.objects.values_list("name", "pk"))
    Dorm.objects.bulk_create(
        [Dorm(college_id=colleges[c], name=d) for c, _ in words.COLLEGES for d in words.DORMS],
        ignore_conflicts=True,
    )
    dorms = {(c, name): pk for c, name, pk in Dorm.objects.values_list("college", "name", "pk")}
    return {
        (i, j): (colleges[college], dorms[colleges[college], dorm])
        for i, (college, _) in enumerate(words.COLLEGES)
        for j, dorm in enumerate(words.DORMS)
    }
