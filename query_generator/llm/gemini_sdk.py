"""The import of google-generativeai, which takes longer than all other imports of a job together."""

import warnings
from typing import Any


def import_sdk() -> tuple[Any, Any]:
    """Import the SDK without its notices that its upstream and Python 3.11 end: the package, and its service client."""
    with warnings.catch_warnings():
        for notice in (r"\s*All support for the `google\.generativeai` package", "You are using a Python version"):
            warnings.filterwarnings("ignore", message=notice, category=FutureWarning)
        import google.generativeai as genai
        from google.ai.generativelanguage import GenerativeServiceClient
    return genai, GenerativeServiceClient
