"""The tables of the site: places, people, and what people write.

Each lives in its own module; import them from here.
"""

from campus.models.people import Friendship, Major, Profile
from campus.models.places import College, Dorm
from campus.models.posts import Comment, Post

__all__ = ["College", "Comment", "Dorm", "Friendship", "Major", "Post", "Profile"]
