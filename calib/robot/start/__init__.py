"""Closed-form starts: the frames of base, target and instrument, from the nominal arm."""
