"""What bends a real arm beyond its geometry: one effect per file, each exports EFFECT."""
