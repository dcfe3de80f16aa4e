"""From kernel launches to step time."""
