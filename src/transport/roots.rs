//! Which certificate authorities a client trusts.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::outcome::Refusal;

use super::error_chain::is_out_of_resources;

/// Bundles have some 200 KB; what is larger than this is another file.
const LARGEST_CA_FILE: u64 = 16 * 1024 * 1024;

/// Where roots come from. Clients with equal sources share their roots.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// Plain http needs none.
    None,
    /// The system's, or what these variables name instead.
    System { ssl_cert_file: Option<OsString>, ssl_cert_dir: Option<OsString> },
    /// The content of a `ca_file`: a bundle that was rotated is another one.
    Bundle(Arc<[u8]>),
}

impl Source {
    pub fn new(ca_file: Option<&str>, https: bool) -> Result<Self, Refusal> {
        let Some(path) = ca_file else {
            return Ok(if https {
                Self::System { ssl_cert_file: env::var_os("SSL_CERT_FILE"), ssl_cert_dir: env::var_os("SSL_CERT_DIR") }
            } else {
                Self::None
            });
        };
        let bundle = Self::Bundle(read(path)?.into());
        if https {
            return Ok(bundle);
        }
        // Not needed, yet a bad file should not wait for the day when the base URL becomes https.
        bundle.load()?;
        Ok(Self::None)
    }

    pub fn load(&self) -> Result<Arc<RootCertStore>, Refusal> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::None => {}
            Self::System { .. } => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                if let Some(error) = found.errors.iter().find(|error| is_out_of_resources(*error)) {
                    return Err(Refusal::NoResources(format!("the system's certificates cannot be read: {error}")));
                }
                if roots.is_empty() {
                    let why = found.errors.first().map_or(String::new(), |error| format!(" ({error})"));
                    return Err(Refusal::NoRoots(format!(
                        "this system has no certificate authorities to trust{why}: install the package ca-certificates, \
                         set SSL_CERT_FILE, or give a bundle in ca_file"
                    )));
                }
            }
            Self::Bundle(pem) => {
                roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
                if roots.is_empty() {
                    return Err(Refusal::argument(
                        "options.ca_file holds no usable certificate; it must be PEM (-----BEGIN CERTIFICATE-----)",
                    ));
                }
            }
        }
        Ok(Arc::new(roots))
    }
}

fn read(path: &str) -> Result<Vec<u8>, Refusal> {
    let unreadable = |why: &str| Refusal::argument(format!("options.ca_file \"{path}\" cannot be read: {why}"));
    let failed = |error: std::io::Error| {
        let refusal = unreadable(&error.to_string());
        if is_out_of_resources(&error) { Refusal::NoResources(refusal.to_string()) } else { refusal }
    };
    // Before it is opened: opening a pipe may wait for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unreadable("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_CA_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_CA_FILE {
        return Err(unreadable("it has more than 16 MiB"));
    }
    Ok(bytes)
}
