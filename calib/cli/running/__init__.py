"""What every command runs on: the terminal, progress, errors, endings and delivery."""
