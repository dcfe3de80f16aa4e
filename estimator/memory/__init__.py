"""From the allocator to what nvidia-smi shows."""
