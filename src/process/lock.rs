//! Leaf locks that `fork` waits for, so that none is ever held by a thread which the child does not have.
//!
//! Under them nothing resolves names, loads libraries, registers `atfork` handlers or takes another of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A `Mutex` whose data stays usable after a panic: every change under our locks is one insert, remove or assignment.
#[derive(Default)]
pub struct LeafLock<T>(Mutex<T>);

impl<T> LeafLock<T> {
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
