"""The pages, made on the server: they work without script, without other hosts, on paper."""
