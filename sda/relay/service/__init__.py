"""The relay over HTTP: routes, an inbox that commits in groups, and who may read what."""

from sda.relay.service.app import Limits, make_app

__all__ = ["Limits", "make_app"]
