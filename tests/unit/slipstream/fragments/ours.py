"""Tags of a site's own."""

from typing import Any

from django.template import Library

register = Library()


@register.inclusion_tag("name.html", takes_context=True)
def named(context: Any, person: Any) -> dict[str, Any]:  # noqa: ARG001 - as sites write them
    return {"person": person}


@register.simple_tag(takes_context=True)
def visitor(context: Any) -> str:
    return str(context.request.user)


@register.simple_tag(takes_context=True)
def everything(context: Any) -> str:
    return str(len(context.flatten()))
