"""From kernel launches to step time, and from one GPU to many.

cost (FLOPs and bytes of a launch) -> profile (of a step, without a GPU) -> roofline (seconds on
a GPU type) -> step_time (with an interval) -> multi_gpu (scaling efficiency). The numbers are in
coefficients.yaml, which fit.py makes of priors.yaml and published runs.
"""
