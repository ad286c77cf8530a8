//! What really became of the signature requests behind one port.

use std::collections::{HashMap, HashSet};

#[derive(Default)]
pub struct Service {
    deleted: HashSet<Vec<u8>>,
    asked: HashMap<Vec<u8>, u64>,
    hidden: HashMap<Vec<u8>, u16>,
}

impl Service {
    /// True if this call deleted it.
    pub fn delete(&mut self, id: &[u8]) -> bool {
        !id.starts_with(b"missing-") && self.deleted.insert(id.to_vec())
    }

    /// Deletes it, while the client is told somebody else's answer.
    pub fn delete_behind(&mut self, id: &[u8], status: u16) {
        if self.delete(id) {
            self.hidden.insert(id.to_vec(), status);
        }
    }

    /// The status behind which it was deleted.
    pub fn hidden(&self, id: &[u8]) -> Option<u16> {
        self.hidden.get(id).copied()
    }

    pub fn has_deleted(&self, id: &[u8]) -> bool {
        self.deleted.contains(id)
    }

    /// How often this id was asked for before.
    pub fn ask(&mut self, id: &[u8]) -> u64 {
        let asked = self.asked.entry(id.to_vec()).or_default();
        *asked += 1;
        *asked - 1
    }
}
