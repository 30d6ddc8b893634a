//! The convolutional network, written from scratch.
