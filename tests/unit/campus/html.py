"""Reads a page as a browser would: elements, attributes and text, whitespace apart.

What a page should hold is said in the tests.
"""

from collections.abc import Iterator
from html.parser import HTMLParser

Attributes = dict[str, str]


class Document(HTMLParser):
    """`elements` are (tag, attributes) in order; `parts` are these, the ends and the texts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.parts: list[object] = []
        self._text: list[str] = []
        self.feed(html)
        self.close()
        self._end_text()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self.parts.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        self._end_text()
        self.parts.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _end_text(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text = []
        if text:
            self.parts.append(text)

    def all(self, tag: str, **wanted: str) -> list[Attributes]:
        return [
            found
            for name, found in self.elements
            if name == tag and wanted.items() <= found.items()
        ]

    def text_of(self, tag: str) -> str:
        """The text right after the first start of `tag`."""
        starts = (
            i for i, part in enumerate(self.parts) if isinstance(part, tuple) and part[0] == tag
        )
        return str(self.parts[next(starts) + 1])


def without_tokens(parts: list[object]) -> Iterator[object]:
    """CSRF tokens are masked anew each time they are written."""
    for part in parts:
        if isinstance(part, tuple) and part[1].get("name") == "csrfmiddlewaretoken":
            yield "token"
        else:
            yield part
