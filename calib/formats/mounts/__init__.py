"""Formats of the pose of a camera on a robot, one file each. Each exports FORMAT, a `MountFormat`."""
