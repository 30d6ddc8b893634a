//! Files: models, data sets and pictures that come in and go out.

mod branched_models;
mod bundled_models;
mod changed_zip;
mod data;
mod data_kinds;
mod data_parts;
mod datasets;
mod keras_models;
mod large_numbers;
mod model_files;
mod onnx_models;
mod pdf;
mod presets;
mod pt2_models;
mod sheets;
mod torch_models;
