"""Events: what happens outside, taken in once, and the run that each of them starts."""
