"""A settings module over another one: DJANGO_SETTINGS_MODULE=slipstream.overlay turns toggles on any site.

SLIPSTREAM_SETTINGS names the site's own settings module; the site itself is not changed.
"""

import importlib
import os

from slipstream.errors import ConfigurationError
from slipstream.optimizations import apply

SLIPSTREAM_SETTINGS = os.environ.get("SLIPSTREAM_SETTINGS", "")
if not SLIPSTREAM_SETTINGS:
    raise ConfigurationError(
        "SLIPSTREAM_SETTINGS is empty: slipstream.overlay lies over a site's settings; "
        "set it to their module, for example 'mysite.settings'"
    )
_site = importlib.import_module(SLIPSTREAM_SETTINGS)
globals().update({name: getattr(_site, name) for name in dir(_site) if name.isupper()})
apply(globals())
