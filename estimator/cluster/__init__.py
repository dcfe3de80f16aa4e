"""A Kubernetes cluster, through its official Python client."""
