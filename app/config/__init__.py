"""Configuration files, built from a resolved cluster; one module per program that reads them."""
