"""What a browser would send of a page's forms if nobody touched them."""

from html.parser import HTMLParser

__all__ = ("fields",)


def fields(html: str) -> dict[str, str]:
    """Values by name of the page's fields; those without a name or a choice are left out.

    Boxes to tick and buttons with a name aren't told from text: the forms that are sent have none.
    """
    return _Fields(html).values


class _Fields(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = self._textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""
        elif tag == "input" and name:
            self.values[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            # The line break after the tag isn't part of the text.
            value = self.values.pop(self._textarea, "")
            self.values[self._textarea] = value.removeprefix("\r\n").removeprefix("\n")
            self._textarea = ""
