//! The id of a signature request: opaque, one path segment.

use crate::outcome::{Refusal, check_length};

/// An id that was checked.
#[derive(Clone, Copy, Debug)]
pub struct SignatureRequestId<'a>(pub(super) &'a str);

impl<'a> SignatureRequestId<'a> {
    pub fn new(id: &'a str) -> Result<Self, Refusal> {
        check_length("signature_request_id", id, 256)?;
        if let Some(c) = id.chars().find(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(Refusal::argument(format!(
                "signature_request_id \"{id}\" holds {}; pass the id alone, as Create signature request returned it",
                c.escape_default()
            )));
        }
        if matches!(id, "." | "..") {
            return Err(Refusal::argument(format!(
                "signature_request_id \"{id}\" names a folder, not a signature request"
            )));
        }
        Ok(Self(id))
    }
}
