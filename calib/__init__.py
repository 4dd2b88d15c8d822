"""Accurate cameras and robot arms from images and poses, with honest uncertainties."""

__version__ = "0.1.0"
