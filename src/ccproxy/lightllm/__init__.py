"""Pure wire code: Anthropic Messages, OpenAI Chat Completions, OpenAI Responses and Gemini, each to each.

Synchronous, no I/O, no framework. `formats.py` is the way in; `events.py`, `answer.py` and `call.py` are what the
formats have in common.
"""
