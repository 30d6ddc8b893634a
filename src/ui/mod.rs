//! The window: shell, theme, widgets and views.

pub mod atlas;
pub mod blocks;
pub mod canvas;
pub mod colormap;
pub mod equation;
pub mod fonts;
pub mod frames;
pub mod host;
pub mod keys;
pub mod names;
pub mod number;
pub mod oklab;
pub mod program;
pub mod raster;
pub mod render;
pub mod room;
pub mod sentences;
pub mod shell;
pub mod strings;
pub mod summary;
pub mod tensor_plane;
pub mod theme;
pub mod view;
pub mod views;
pub mod widgets;
pub mod window;
