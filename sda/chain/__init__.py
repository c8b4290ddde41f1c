"""The chain as the roles see it; the only place that knows web3."""
