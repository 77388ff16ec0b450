"""Prompts, llama.cpp, decoding, model files, training and evaluation; knows no databases."""
