"""Goals over texts and databases that nobody here wrote, and what their answers must hold."""
