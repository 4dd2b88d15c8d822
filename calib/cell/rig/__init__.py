"""Several cameras, one robot, one board: one bundle adjustment."""
