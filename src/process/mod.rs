//! Protection from the host's process, and of it: panics, forks, signals, cancellation, unloading, its environment.
//!
//! Uses none of the other rooms. Start with `guard`, in which every exported function runs. Each of the other files deals
//! with one mechanism of operating systems; on a system without it, the functions in that file do nothing.

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
pub use guard::{caught, guarded, thread_is_ending};
pub use signals::with_async_signals_blocked;
pub use unloading::pin;
