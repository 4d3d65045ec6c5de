"""The forms of the site: what visitors send, cleaned.

Logging in uses Django's own form.
"""

from typing import Any, ClassVar

from django import forms

from campus.models import College, Comment, Dorm, Major, Post, Profile
from campus.models.people import FIRST_CLASS_YEAR, LAST_CLASS_YEAR
from campus.paging import LARGEST_ID


class PeopleFilter(forms.Form):
    """The filters of the people page; each may be missing.

    Ids aren't looked up: the people found say whether one exists, and that costs no query.
    """

    q = forms.CharField(max_length=80, required=False)
    college = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    dorm = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    class_year = forms.IntegerField(
        min_value=FIRST_CLASS_YEAR, max_value=LAST_CLASS_YEAR, required=False
    )
    major = forms.ChoiceField(choices=[("", ""), *Major.choices], required=False)


class DormField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Many colleges have a North Hall."""

    def label_from_instance(self, obj: Dorm) -> str:
        return f"{obj.college.name}: {obj.name}"


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    college = forms.ModelChoiceField(College.objects.only("name").order_by("name"))
    dorm = DormField(
        Dorm.objects.select_related("college")
        .only("name", "college__name")
        .order_by("college__name", "name")
    )

    class Meta:
        model = Profile
        fields = ("name", "class_year", "major", "college", "dorm", "about")
        widgets: ClassVar = {"about": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        dorm, college = cleaned.get("dorm"), cleaned.get("college")
        if isinstance(dorm, Dorm) and college and dorm.college_id != college.pk:
            self.add_error("dorm", f"{dorm} is not a dorm of {college}.")
        return cleaned


class PostForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Post
        fields = ("body",)
        labels: ClassVar = {"body": "Your post"}
        widgets: ClassVar = {"body": forms.Textarea(attrs={"rows": 6})}


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Comment
        fields = ("body",)
        labels: ClassVar = {"body": "Your comment"}
        widgets: ClassVar = {"body": forms.Textarea(attrs={"rows": 3})}
