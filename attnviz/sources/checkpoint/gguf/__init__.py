"""GGUF files (llama.cpp, Ollama): header, tensors, and settings by architecture."""
