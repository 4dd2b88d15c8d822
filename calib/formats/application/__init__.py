"""Targets of controllers corrected by an identified arm: read, corrected, and written back in place."""
