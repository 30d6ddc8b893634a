//! The window: shell, theme, widgets and views.

pub mod answer;
pub mod atlas;
pub mod blocks;
pub mod canvas;
pub mod colormap;
pub mod compared;
pub mod edit_row;
pub mod filters;
pub mod fonts;
#[cfg(not(target_arch = "wasm32"))]
pub mod frames;
pub mod host;
pub mod keys;
pub mod lit;
pub mod names;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub use crate::tensor::number;
pub mod oklab;
pub mod original;
pub mod picture_words;
pub mod program;
pub mod raster;
pub mod receptive_field;
pub mod render;
pub mod room;
mod run_names;
pub mod scene;
pub mod sentences;
pub mod shell;
pub mod strings;
pub mod summary;
pub mod tensor_plane;
pub mod theme;
pub mod told;
pub mod view;
pub mod views;
#[cfg(target_arch = "wasm32")]
pub mod web;
pub mod widgets;
pub mod window;
mod zoom;
