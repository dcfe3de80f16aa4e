"""Every sentence the planner says, built from numbers; nothing else in this room writes text."""
