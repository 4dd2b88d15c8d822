"""What is typed: options that commands share, their values, and calib.yaml in their place."""
