"""The sections of the report, each a function from data to a section."""
