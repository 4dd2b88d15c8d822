"""Simulated robots with cameras."""
