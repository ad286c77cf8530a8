//! The types that the rooms above share: statuses, the result of an attempt, the reason why a call was refused before its
//! first attempt, and the report of a call.
//!
//! Uses none of the other rooms. Start with `attempt`: everything that a call says about a deletion follows from it.

mod attempt;
mod refusal;
mod report;
mod status;

pub use attempt::{Attempt, Ended, Logged};
pub use refusal::{Refusal, check_length};
pub use report::{LOGGED_ATTEMPTS, Report};
pub use status::*;
