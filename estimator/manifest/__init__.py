"""Templates, layers and the YAML."""
