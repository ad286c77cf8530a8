//! `src/lock.rs` with shuttle's lock in it.

use shuttle::sync::{Mutex, MutexGuard};

pub struct LeafLock<T>(Mutex<T>);

impl<T> LeafLock<T> {
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}
