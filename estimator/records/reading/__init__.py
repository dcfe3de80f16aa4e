"""Reading what other systems wrote: in chunks, within bounds, refusing nothing silently."""
