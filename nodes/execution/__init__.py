"""How the tasks of a plan are run: scheduling, calls, effects, approvals."""
