//! What is known of each connection: when it was made, and whether it has brought an answer.
//!
//! On one that has not, a certificate alert means that nothing was read. On one that was there before a request, an answer
//! may have been meant for somebody else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};

use super::error_chain::find;

/// Connections that are closed while idle are not seen to end. Beyond this many all are forgotten: one that is not known
/// counts as old, which is the careful guess.
const MOST_KNOWN: usize = 512;

struct Known {
    made: Instant,
    answered: bool,
}

/// Known by their local addresses, which no two connections share.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<BTreeMap<SocketAddr, Known>>>);

impl Connections {
    /// A forked child has a transport of its own, so this lock is never one that its parent held.
    fn known(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn made(&self, connection: &impl Connection) {
        if let Some(address) = local_address(&connection.connected()) {
            let mut known = self.known();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(address, Known { made: Instant::now(), answered: false });
        }
    }

    /// An answer came, with these extensions, to a request that begun at `begun`. Whether its connection was there before,
    /// or has brought an answer before.
    pub fn answered(&self, extensions: &Extensions, begun: Instant) -> bool {
        let mut known = self.known();
        let Some(connection) = extensions.get::<HttpInfo>().and_then(|info| known.get_mut(&info.local_addr())) else {
            return true;
        };
        std::mem::replace(&mut connection.answered, true) || connection.made < begun
    }

    /// A connection failed. Whether it had not brought an answer before.
    pub fn failed(&self, error: &reqwest::Error) -> bool {
        let error = find::<legacy::Error>(error);
        let address = error.and_then(legacy::Error::connect_info).and_then(local_address);
        let ended = address.and_then(|address| self.known().remove(&address));
        ended.is_some_and(|connection| !connection.answered)
    }
}

fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extensions = Extensions::new();
    connected.get_extras(&mut extensions);
    extensions.get::<HttpInfo>().map(HttpInfo::local_addr)
}
