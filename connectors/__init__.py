"""Opening databases, reading catalogs, sampling, rendering and writing comments."""
