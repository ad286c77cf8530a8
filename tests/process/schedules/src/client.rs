//! What the registry keeps here: it counts its end, and ends as a client does, by code that may need the registry.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};

use crate::registry::CLIENTS;

pub struct Client(Arc<AtomicUsize>);

impl Client {
    pub fn new(ended: &Arc<AtomicUsize>) -> Self {
        Self(Arc::clone(ended))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Never under the registry's lock: this would then wait for ever.
        drop(CLIENTS.lock());
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
