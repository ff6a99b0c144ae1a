"""LiteLLM's proxy: every request gets the foreword of its end user. Run by litellm_config.yaml, or by your own proxy.

Beside it a config.yaml with `litellm_settings: {callbacks: litellm_hook.foreword}`.
"""

from foreword.integrations.litellm import ForewordProxyHook

foreword = ForewordProxyHook("127.0.0.1:7464")
