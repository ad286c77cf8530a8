//! The words that the rooms above speak: statuses, what an attempt came to, why a call was refused before its first
//! attempt, and what a call reports.
//!
//! Uses nothing of the other rooms. Start with `attempt`: everything that a call says of a deletion follows from it.

mod attempt;
mod refusal;
mod report;
mod status;

pub use attempt::{Attempt, Ended, Logged};
pub use refusal::{Refusal, check_length};
pub use report::{LOGGED_ATTEMPTS, Report};
pub use status::*;
