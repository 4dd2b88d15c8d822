"""From corners to a camera: start, bundle adjustment, outliers, degeneracy, uncertainty, verdict, documents."""
