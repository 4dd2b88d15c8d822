"""Accurate cameras and robot arms from images and poses, with calibrated uncertainties."""

__version__ = "0.1.0"
