//! What C sees: the exported functions, the structs that they take and fill, and the handles that they give out.

pub mod error;
pub mod exports;
pub mod handles;
pub mod options;
