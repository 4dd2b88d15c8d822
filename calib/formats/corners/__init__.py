"""Formats of corners, one file each. Each exports FORMAT, a `calib.formats.corner_format.CornerFormat`."""
