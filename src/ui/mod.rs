//! The window: shell, theme, widgets and views.

pub mod colormap;
pub mod fonts;
pub mod number;
pub mod oklab;
pub mod raster;
pub mod theme;
pub mod widgets;
