//! Linux systems keep a folder of certificates beside their bundle, which as a rule holds the same ones. Reading its hundreds of
//! files takes three times as long as all else that a new client does, so they are read once a chain ends in a certificate that
//! the bundle does not have.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_native_certs::load_certs_from_paths;

use super::error_chain::is_out_of_resources;

#[derive(Debug)]
pub struct SpareRoots {
    folders: Vec<PathBuf>,
    /// `None` until they are read. No lock: a forked child would wait for ever if another thread was reading.
    roots: ArcSwapOption<RootCertStore>,
}

/// What was not read yet is the same only where it is shared.
impl PartialEq for SpareRoots {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl SpareRoots {
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, roots: ArcSwapOption::empty() }
    }

    fn roots(&self) -> Result<Arc<RootCertStore>, Error> {
        if let Some(roots) = self.roots.load_full() {
            return Ok(roots);
        }
        let mut roots = RootCertStore::empty();
        for folder in &self.folders {
            let found = load_certs_from_paths(None, Some(folder));
            if let Some(error) = found.errors.iter().find(|error| is_out_of_resources(*error)) {
                return Err(Error::General(format!("the system's certificates cannot be read: {error}")));
            }
            roots.add_parsable_certificates(found.certs);
        }
        let roots = Arc::new(roots);
        self.roots.store(Some(Arc::clone(&roots)));
        Ok(roots)
    }
}

/// Does what rustls does by itself, with the spare roots behind the bundle's.
#[derive(Debug)]
pub struct SpareRootsVerifier {
    bundle: Arc<RootCertStore>,
    spare: Arc<SpareRoots>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl SpareRootsVerifier {
    pub fn new(bundle: Arc<RootCertStore>, spare: Arc<SpareRoots>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { bundle, spare, algorithms }
    }
}

impl ServerCertVerifier for SpareRootsVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let verify = |roots: &RootCertStore| {
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, self.algorithms.all)
        };
        match verify(&self.bundle) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => verify(&*self.spare.roots()?)?,
            verdict => verdict?,
        }
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
