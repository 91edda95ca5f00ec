"""LLM providers behind one protocol, one module for each vendor's SDK."""
