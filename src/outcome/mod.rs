//! The words that all of the library speaks: statuses, how an attempt ended, why a call was refused, what a call reports.

pub mod attempt;
pub mod refusal;
pub mod report;
pub mod status;
