"""The steps of a run, one verb per file. A node reads the state and returns what changes in it."""
