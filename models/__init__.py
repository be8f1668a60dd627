"""Brains: what thinks. Nodes know the protocol in `models.brain`, never a provider."""
