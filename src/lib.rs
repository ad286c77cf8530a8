//! okdok deletes an `OKdokument` signature request: one shared library with a C ABI, for every language.
//!
//! It consists of five rooms. Each uses only those below it.
#![allow(non_camel_case_types, reason = "the types of the C ABI have their C names")]

mod abi;
mod call;
mod transport;

mod outcome;

mod process;
