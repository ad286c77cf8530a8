//! The handle registry under schedules chosen at random: the library's own `src/registry.rs`, on a lock that shuttle
//! switches threads at, keeping a stand-in for a client that knows when it ends.
#![cfg(test)]

mod client;
mod lock;
#[path = "../../../../src/registry.rs"]
mod registry;

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use client::Client;

const SCHEDULES: usize = 5_000;

/// Every schedule begins and ends with an empty registry, as it outlives them; so there is one at a time.
fn explore(scenario: impl Fn(Arc<AtomicUsize>) + Send + Sync + 'static) {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock().unwrap();
    shuttle::check_random(
        move || {
            let ended = Arc::new(AtomicUsize::new(0));
            scenario(Arc::clone(&ended));
            assert!(registry::CLIENTS.lock().is_empty());
        },
        SCHEDULES,
    );
}

#[test]
fn a_client_ends_once_however_many_free_it() {
    explore(|ended| {
        let token = registry::register(Client::new(&ended)).unwrap();
        let threads: Vec<_> = (0..3).map(|_| thread::spawn(move || registry::remove(token))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        assert!(registry::find(token).is_none());
    });
}

#[test]
fn a_call_finds_a_live_client_or_none() {
    explore(|ended| {
        let token = registry::register(Client::new(&ended)).unwrap();
        let calls: Vec<_> = (0..2)
            .map(|_| {
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    if let Some(client) = registry::find(token) {
                        thread::yield_now();
                        assert_eq!(ended.load(Ordering::SeqCst), 0, "a client ended under a call");
                        drop(client);
                    }
                })
            })
            .collect();
        registry::remove(token);
        assert!(registry::find(token).is_none(), "found after it was freed");
        calls.into_iter().for_each(|call| call.join().unwrap());
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn clients_made_side_by_side_are_told_apart() {
    explore(|ended| {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let ended = Arc::clone(&ended);
                thread::spawn(move || {
                    let token = registry::register(Client::new(&ended)).unwrap();
                    assert!(registry::find(token).is_some());
                    registry::remove(token);
                    assert!(registry::find(token).is_none());
                    token
                })
            })
            .collect();
        let mut tokens: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), 3);
        assert_eq!(ended.load(Ordering::SeqCst), 3);
    });
}
