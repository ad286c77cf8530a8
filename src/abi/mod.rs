//! What C sees: the exported functions, the structs that they take and fill, and the handles that they give out.
//!
//! Uses `call`, `outcome` and `process`; only here stands code that touches memory of the caller. Start with `exports`. The
//! header `include/okdok.h` is generated from these files and from `outcome/status.rs`.

mod error;
mod exports;
mod handles;
mod options;
