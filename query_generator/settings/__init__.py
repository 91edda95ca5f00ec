"""Every setting, declared once: type, bounds, default, variable, option, example and meaning."""
