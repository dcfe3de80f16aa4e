"""Job records, and the correction learned from them."""
