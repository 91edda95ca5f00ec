"""What a good question is: the prompt, the call, and the checks of its reply."""
