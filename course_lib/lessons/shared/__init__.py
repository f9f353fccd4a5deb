"""What several lessons use: figures with alt text, predictions, the map, explorers, training cells, the learner's own parts."""
