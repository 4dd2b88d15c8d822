"""Images read safely: size and depth from the header first, then the pixels."""
