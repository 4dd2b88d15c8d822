"""Closed-form starts: where base, target and instrument stand, from the nominal arm."""
