"""Formats of poses, one file each. Each exports FORMAT, a `calib.formats.pose_format.PoseFormat`."""
