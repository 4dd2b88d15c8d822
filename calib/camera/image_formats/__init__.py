"""Formats of image files, one file each. Each exports FORMAT, a `calib.camera.image_format.ImageFormat`."""
