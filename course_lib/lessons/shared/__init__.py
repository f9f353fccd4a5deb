"""What several lessons use: figures with alt text, predictions, the map, explorers, training, the learner's parts."""
