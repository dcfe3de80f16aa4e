"""The service: an API and its page around the same pipeline that the command line asks."""
