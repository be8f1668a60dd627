"""Measuring how good the answers are, and the servers that stand in for the world while it is measured."""
