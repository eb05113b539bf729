"""The recipe of the miniature: tokenizer, encoder, language model, joint training, evaluation."""
