"""Where job records are kept: embedded, in a team's database, or in a lake."""
