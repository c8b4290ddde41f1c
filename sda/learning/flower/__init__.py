"""For people who use Flower: `PrivateMod` for their ClientApp, `PrivateStrategy` around their strategy.

    app = ClientApp(mods=[PrivateMod(contributor)])          # on the client
    strategy = PrivateStrategy(FedAdam(...), developer, terms)   # on the server

Training stays as it is, one trip per Flower round. A client's arrays never leave it: their difference to the global
ones goes through a private round, and the inner strategy gets a single reply with the mean. Needs the extra `flower`.
"""

from sda.learning.flower.mod import PrivateMod
from sda.learning.flower.strategy import PrivateStrategy

__all__ = ["PrivateMod", "PrivateStrategy"]
