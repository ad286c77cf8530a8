//! The C interface: the exported functions, the structs that they take and fill, and the handles that they return.
//!
//! Uses `call`, `outcome` and `process`. This is the only room that accesses the caller's memory. Start with `exports`. The
//! header `include/okdok.h` is generated from these files and from `outcome/status.rs`.

mod error;
mod exports;
mod handles;
mod options;
