"""Forms made from the config's schema: no widget knows a setting by its name."""
