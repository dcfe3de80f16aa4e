"""A report as HTML, JSON, and tables in files."""
