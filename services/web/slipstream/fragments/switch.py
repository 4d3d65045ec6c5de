"""Whether fragments are cached in this process; the app turns it on."""

__all__ = ["SWITCH"]


class Switch:
    """`on` where the app `slipstream.fragments` is installed."""

    on = False


SWITCH = Switch()
