"""A PyTorch model in private trainings; apart, as PyTorch is half a gigabyte (make test-pytorch)."""
