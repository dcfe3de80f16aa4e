"""What other systems say of their jobs, as facts of job records."""
