//! The window: shell, theme, widgets and views.
