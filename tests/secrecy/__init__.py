"""Secrets stay in Secrets: searched for in everything else that the hook lets anybody see."""
