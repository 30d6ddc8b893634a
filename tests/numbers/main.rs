//! The numbers: kernels, gradients, attribution and the trace against their definitions and PyTorch.

#[path = "../common/random.rs"]
mod random;
#[path = "../common/vgg.rs"]
mod vgg;

mod attribution;
mod generators;
mod gradients;
mod kernels;
mod laws;
mod maps;
mod oracles;
mod programs;
mod seek;
mod trace_laws;
