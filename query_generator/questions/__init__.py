"""Asks for questions: the prompt, the call, and the checks of the reply."""
