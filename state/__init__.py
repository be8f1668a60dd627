"""The typed state that flows through every graph. Pure data: no I/O, imports nothing of ours."""
