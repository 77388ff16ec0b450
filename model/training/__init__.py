"""Making the bundled model: corpus, tokenizer, packing, pretraining, export."""
