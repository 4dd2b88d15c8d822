"""Causes of a calibration that is not as it should be, one file each. Each exports CAUSE, a
`calib.camera.diagnosis.evidence.Cause`."""
