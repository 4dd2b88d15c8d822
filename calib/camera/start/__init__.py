"""Closed-form starts: homographies, distortion from straightness, intrinsics, poses."""
