//! What the host's process does to us: panics, forks, signals, cancellation, unloading, its environment.
//!
//! Uses nothing of the other rooms. Start with `guard`, which every exported function runs in; each of the other files is
//! one habit of an operating system, with nothing in it where a system lacks that habit.

mod cancellation;
mod environment;
mod fork;
mod guard;
mod signals;
mod unloading;

#[cfg(any(windows, target_os = "macos"))]
pub use environment::is_privileged;
pub use environment::variable;
pub use fork::generation;
pub use guard::{caught, guarded};
pub use signals::with_async_signals_blocked;
pub use unloading::pin;
