//! okdok deletes an `OKdokument` signature request: one shared library with a C ABI, for every language.
//!
//! The modules stand in the order in which a call passes through them.
#![allow(non_camel_case_types, reason = "the types of the C ABI bear their C names")]

// The C boundary.
mod arguments;
mod boundary;
mod cancellation;
mod guard;
mod refusal;

// The handle registry.
mod fork;
mod lock;
mod registry;
mod unloading;

// The client and its retry policy.
mod attempt;
mod client;
mod retry;

// Building the request.
mod address;
mod request;

// The transport.
mod connections;
mod proxy;
mod resolver;
mod roots;
mod signals;
mod transport;

// Reading the response.
mod failure;
mod response;

// Status and error.
mod error;
mod report;
mod status;
