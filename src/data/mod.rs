//! Pictures and data sets.
