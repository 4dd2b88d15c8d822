"""Formats of cameras, one file each. Each exports FORMAT, a `calib.formats.camera_format.CameraFormat`."""
