"""Simulated views of a board, as corners and as images."""
