"""Activation functions, one file each, exporting ACTIVATION."""
