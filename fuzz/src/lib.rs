//! Shared bodies of the fuzz targets.
