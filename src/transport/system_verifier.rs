//! Asks Windows or macOS about certificate chains that the roots in their stores do not complete. They know more than these
//! roots: intermediate certificates, and roots that they fetch when a chain needs them.
//!
//! They may use the network and wait for it. So a separate thread asks, and only the calls that need the verdict wait: their
//! handshake fails at first, and they connect again once the verdict is known.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::outcome::Refusal;
use crate::process;

use super::error_chain::find;

/// A server may send another chain each time, so beyond this number the oldest is forgotten.
const MOST_KNOWN: usize = 64;

#[derive(Debug)]
pub struct SystemVerifier {
    roots: Arc<WebPkiServerVerifier>,
    system: Arc<Verifier>,
    connect_timeout: Duration,
    /// Questions without a verdict yet, and those answered with yes. A no is not kept, since what the system knows may change.
    questions: Arc<Mutex<Vec<Arc<Question>>>>,
}

/// Does the system trust this chain for this name?
#[derive(Debug)]
pub struct Question {
    chain: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
    /// The connect time-out of the connection that needs the verdict.
    limit: Duration,
    verdict: Mutex<Option<Result<(), Error>>>,
    settled: Condvar,
}

impl SystemVerifier {
    pub fn new(
        roots: Arc<RootCertStore>,
        provider: Arc<CryptoProvider>,
        connect_timeout: Duration,
    ) -> Result<Self, Refusal> {
        let roots = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let system = Verifier::new(provider);
        Ok(Self {
            roots: roots.map_err(|error| Refusal::Internal(error.to_string()))?,
            system: Arc::new(system.map_err(|error| Refusal::Internal(error.to_string()))?),
            connect_timeout,
            questions: Arc::default(),
        })
    }

    /// Asks about this chain, unless somebody has asked before.
    fn ask(
        &self,
        chain: Vec<CertificateDer<'static>>,
        name: ServerName<'static>,
        ocsp_response: Vec<u8>,
        now: UnixTime,
    ) -> Result<Arc<Question>, Error> {
        let mut questions = locked(&self.questions);
        if let Some(question) = questions.iter().find(|other| other.chain == chain && other.name == name) {
            return Ok(Arc::clone(question));
        }
        let question = Arc::new(Question {
            chain,
            name,
            limit: self.connect_timeout,
            verdict: Mutex::default(),
            settled: Condvar::new(),
        });
        let (system, asked, others) = (Arc::clone(&self.system), Arc::clone(&question), Arc::clone(&self.questions));
        thread::Builder::new()
            .name("okdok-verifier".into())
            .spawn(move || {
                let verdict = process::caught(|| asked.put_to(&system, &ocsp_response, now));
                let verdict = verdict.unwrap_or(Err(CertificateError::UnknownIssuer.into()));
                if verdict.is_err() {
                    locked(&others).retain(|other| !Arc::ptr_eq(other, &asked));
                }
                *locked(&asked.verdict) = Some(verdict);
                asked.settled.notify_all();
            })
            .map_err(|error| Error::General(format!("no thread was available to ask the system: {error}")))?;
        if questions.len() >= MOST_KNOWN {
            questions.remove(0);
        }
        questions.push(Arc::clone(&question));
        Ok(question)
    }
}

impl Question {
    /// The question because of which a connection failed.
    pub fn of(error: &reqwest::Error) -> Option<&Self> {
        match find::<Error>(error)? {
            Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) => reason.downcast_ref(),
            _ => None,
        }
    }

    /// Waits for the system's verdict, as long as a connection may take; `None` if there was none by then.
    pub fn verdict(&self, deadline: Instant) -> Option<Result<(), Error>> {
        let limit = self.limit.min(deadline.saturating_duration_since(Instant::now()));
        let waited = self.settled.wait_timeout_while(locked(&self.verdict), limit, |verdict| verdict.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// With less time, the deadline could pass while connecting, and a request that was never sent would look as if it had
    /// been.
    pub fn leaves_time_to_connect(&self, deadline: Instant) -> bool {
        deadline.saturating_duration_since(Instant::now()) > self.limit
    }

    fn put_to(&self, system: &Verifier, ocsp_response: &[u8], now: UnixTime) -> Result<(), Error> {
        let unknown = || Error::from(CertificateError::UnknownIssuer);
        let (own, intermediates) = self.chain.split_first().ok_or_else(unknown)?;
        match system.verify_server_cert(own, intermediates, &self.name, ocsp_response, now) {
            Ok(_) => Ok(()),
            // Whatever the details, the system does not trust the chain.
            Err(Error::General(_) | Error::InvalidCertificate(CertificateError::Other(_))) => Err(unknown()),
            Err(error) => Err(error),
        }
    }
}

impl std::error::Error for Question {}

impl fmt::Display for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("the system did not say within the connect time-out whether it trusts the server's certificate")
    }
}

impl ServerCertVerifier for SystemVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.roots.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
            verdict => return verdict,
        }
        let shown = std::iter::once(end_entity).chain(intermediates);
        let chain = shown.map(|certificate| certificate.clone().into_owned()).collect();
        let question = self.ask(chain, server_name.to_owned(), ocsp_response.to_vec(), now)?;
        let is_trusted = matches!(*locked(&question.verdict), Some(Ok(())));
        if is_trusted {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::Other(OtherError(question)).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.roots.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.roots.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.roots.supported_verify_schemes()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
