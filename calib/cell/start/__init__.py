"""Closed-form starts of a hand-eye calibration, and the motion that they need."""
