"""Real servers on loopback, for tests, evals and benchmarks: nothing is fetched, nothing leaves the machine."""
