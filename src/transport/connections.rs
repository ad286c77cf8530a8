//! Connections that have not brought an answer yet: on those alone a certificate alert means that nothing was read.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};

use crate::call::failure;
use crate::process::lock::LeafLock;

/// Known by their local addresses, which no two connections share.
#[derive(Clone, Default)]
pub struct FreshConnections(Arc<LeafLock<BTreeSet<SocketAddr>>>);

impl FreshConnections {
    pub fn made(&self, connection: &impl Connection) {
        if let Some(address) = local_address(&connection.connected()) {
            self.0.lock().insert(address);
        }
    }

    /// An answer came; these are its extensions.
    pub fn answered(&self, extensions: &Extensions) {
        if let Some(info) = extensions.get::<HttpInfo>() {
            self.0.lock().remove(&info.local_addr());
        }
    }

    /// Whether the connection that failed was one of them.
    pub fn failed(&self, error: &reqwest::Error) -> bool {
        let error = failure::find::<legacy::Error>(error);
        let address = error.and_then(legacy::Error::connect_info).and_then(local_address);
        address.is_some_and(|address| self.0.lock().remove(&address))
    }
}

fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extensions = Extensions::new();
    connected.get_extras(&mut extensions);
    extensions.get::<HttpInfo>().map(HttpInfo::local_addr)
}
