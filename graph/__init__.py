"""Wiring: which node follows which, one file per orchestration type."""
