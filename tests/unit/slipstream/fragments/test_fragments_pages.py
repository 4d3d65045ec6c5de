"""Whole pages: kept under their address and what their view's key names, answered 304 where known."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template.response import SimpleTemplateResponse
from django.utils.cache import patch_vary_headers

from slipstream.errors import ConfigurationError
from slipstream.fragments.cache import Fragments
from slipstream.fragments.errors import FragmentError
from slipstream.fragments.pages import cached_page
from slipstream.generations.recording import Recording, recorded

from .showing import visit

View = Callable[..., Any]


def answer(view: View, request: HttpRequest, *args: Any) -> Any:
    with recorded(Recording()):
        return view(request, *args)


def names(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(", ".join(User.objects.order_by("pk").values_list("first_name", flat=True)))


@pytest.mark.usefixtures("ann")
def test_a_page_is_kept_until_a_write(fragments: Fragments) -> None:
    view = cached_page()(names)
    label = f"{__name__}.names"

    pages = [answer(view, visit()) for _ in range(2)]

    assert [page.content for page in pages] == [b"Ann", b"Ann"]
    assert fragments.table(label).hits == 1
    assert {page["Content-Type"] for page in pages} == {"text/html; charset=utf-8"}
    assert {page["Cache-Control"] for page in pages} == {"private, no-cache"}

    User.objects.create(username="bob", first_name="Bob")
    assert answer(view, visit()).content == b"Ann, Bob"


@pytest.mark.usefixtures("ann", "fragments")
def test_who_has_the_page_is_answered_304_until_a_write() -> None:
    view = cached_page()(names)
    etag = answer(view, visit())["ETag"]

    def again() -> Any:
        request = visit()
        request.META["HTTP_IF_NONE_MATCH"] = etag
        return answer(view, request)

    response = again()
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    User.objects.update(first_name="New")
    assert (again().status_code, again().content) == (200, b"New")


def test_addresses_arguments_and_methods_are_kept_apart(fragments: Fragments) -> None:
    @cached_page()
    def page(request: HttpRequest, number: int) -> HttpResponse:
        return HttpResponse(f"{request.get_full_path()} {number}")

    for path, number in [("/a/", 1), ("/a/?q", 1), ("/a/", 2), ("/a/", 1)]:
        assert answer(page, visit(path=path), number).content == f"{path} {number}".encode()
    assert sum(table.hits for table in fragments.tables.values()) == 1


def user(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user.pk))


def session(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.session.get("cart")))


def cookie(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.COOKIES.get("theme", "none"))


def header(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.headers.get("Accept-Language", "none"))


def meta(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.META["REMOTE_ADDR"])


def token(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request)[:0] + "form")


def varying(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse("x")
    patch_vary_headers(response, ["Accept-Language"])
    return response


REFUSED = [user, session, cookie, header, meta, token, varying]


@pytest.mark.parametrize("view", REFUSED)
def test_what_isnt_named_is_never_shared(fragments: Fragments, view: View) -> None:
    kept = cached_page()(view)
    with pytest.raises(FragmentError, match="doesn't name"):
        answer(kept, visit())
    fragments.strict = False
    for _ in range(2):
        assert answer(kept, visit()).content == answer(view, visit()).content
    assert fragments.table(f"{__name__}.{view.__name__}").hits == 0
    assert fragments.table(f"{__name__}.{view.__name__}").bypasses.total() == 2


@pytest.mark.parametrize(
    ("view", "key"),
    [
        (user, "user.pk"),
        (cookie, "COOKIES.theme"),
        (header, "headers.Accept-Language"),
        (meta, "META.REMOTE_ADDR"),
        (varying, "headers.Accept-Language"),
    ],
)
def test_what_is_named_is_kept_apart(fragments: Fragments, ann: User, view: View, key: str) -> None:
    kept = cached_page(key)(view)

    for person, word in [(ann, "de"), (None, "fr")] * 2:
        seen = []
        for one in (view, kept):
            request = visit(person)
            request.COOKIES["theme"] = word
            request.META |= {"HTTP_ACCEPT_LANGUAGE": word, "REMOTE_ADDR": word}
            seen.append(answer(one, request).content)
        assert seen[0] == seen[1]

    assert fragments.table(f"{__name__}.{view.__name__}").hits == 2


def test_a_key_may_be_a_function(fragments: Fragments) -> None:
    @cached_page(lambda _request, number: number % 2)
    def page(_request: HttpRequest, number: int) -> HttpResponse:
        return HttpResponse(str(number))

    assert [answer(page, visit(), 1).content for _ in range(2)] == [b"1", b"1"]
    assert sum(table.hits for table in fragments.tables.values()) == 1


def failing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("no", status=404)


def streamed(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([b"part"])


def setting_a_cookie(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse("x")
    response.set_cookie("who", "me")
    return response


def secret(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("x", headers={"Cache-Control": "no-store"})


@pytest.mark.parametrize("view", [failing, streamed, setting_a_cookie, secret])
def test_some_responses_are_never_kept(fragments: Fragments, view: View) -> None:
    kept = cached_page()(view)
    for _ in range(2):
        assert answer(kept, visit()).status_code == answer(view, visit()).status_code
    assert fragments.table(f"{__name__}.{view.__name__}").bypasses.total() == 2


def test_a_page_that_is_rendered_late_is_rendered_and_kept(fragments: Fragments) -> None:
    @cached_page()
    def page(_request: HttpRequest) -> SimpleTemplateResponse:
        return SimpleTemplateResponse("400.html")

    assert len({answer(page, visit()).content for _ in range(2)}) == 1
    assert sum(table.hits for table in fragments.tables.values()) == 1


def test_other_methods_are_not_kept(fragments: Fragments) -> None:
    view = cached_page()(names)
    request = visit()
    request.method = "POST"
    assert not answer(view, request).has_header("ETag")
    assert not fragments.tables


def test_an_async_view_is_refused_with_the_reason() -> None:
    async def page(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(ConfigurationError, match="which is async"):
        cached_page()(page)


def test_a_request_is_itself_again_after_its_view(fragments: Fragments) -> None:
    request = visit()
    kind = type(request)
    fragments.strict = False
    answer(cached_page()(user), request)
    assert type(request) is kind
    assert not any("slipstream" in name for name in vars(request))
