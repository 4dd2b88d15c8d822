"""Cameras from images of a board: detect the corners, calibrate the lens, say how far to trust it."""
