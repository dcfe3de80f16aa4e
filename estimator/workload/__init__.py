"""What the user asks about: model file, options, precision."""
