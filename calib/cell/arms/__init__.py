"""Arms identified from images, and several arms in one world."""
