"""Prompts, llama.cpp, model files, training and evaluation; knows no databases."""
