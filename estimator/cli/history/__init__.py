"""``paddle-estimate history``: past jobs, and what they teach."""
