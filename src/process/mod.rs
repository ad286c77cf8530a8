//! What the host's process does to us: panics, forks, signals, cancellation, unloading.

pub mod cancellation;
pub mod fork;
pub mod guard;
pub mod lock;
pub mod signals;
pub mod unloading;
