//! Architecture and weight files.
