"""What is remembered: settings, checkpoints, the store, the journal of effects, the index of documents."""
