//! The window: shell, theme, widgets and views.

pub mod canvas;
pub mod colormap;
pub mod equation;
pub mod fonts;
pub mod frames;
pub mod keys;
pub mod number;
pub mod oklab;
pub mod plane;
pub mod raster;
pub mod render;
mod rescue;
pub mod say;
pub mod shell;
pub mod strings;
pub mod theme;
mod trainer;
pub mod view;
pub mod views;
pub mod widgets;
pub mod window;
mod writer;
