"""What surrounds the job on AWS: the stack, and what AWS accepts."""
