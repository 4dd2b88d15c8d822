"""Simulated arms and what an instrument measures of them."""
