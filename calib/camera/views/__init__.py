"""Which views and corners can be used, and whether they determine a camera."""
