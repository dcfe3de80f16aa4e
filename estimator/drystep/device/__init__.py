"""The virtual GPU: finding Paddle, building the plug-in, choosing the device."""
