"""Lens models, one file each. Each exports LENS, a `calib.camera.lens.Lens`."""
