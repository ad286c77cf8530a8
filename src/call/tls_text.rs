//! What kept a handshake from succeeding, for a person: what is wrong, and what to do.

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::transport::refuses_client_certificate;

/// `origin` is what was to be connected to.
pub fn message(origin: &str, error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage as Invalid, PeerIncompatible};
    let reason = match error {
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired (is this machine's clock right?)".into()
        }
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet (is this machine's clock right?)".into()
        }
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            format!("the server's certificate is for another host ({error})")
        }
        InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate comes from an issuer that is not trusted (self-signed, a private authority, or an \
             intermediate certificate is missing); name the authority's bundle in ca_file"
                .into()
        }
        InvalidCertificate(CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }) => {
            "the server's certificate is not meant for servers (wrong key usage)".into()
        }
        Invalid(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS on this port; check the port of base_url".into()
        }
        PeerIncompatible(_) | AlertReceived(AlertDescription::ProtocolVersion) => {
            format!("it does not speak TLS 1.2 or newer as okdok does ({error})")
        }
        error if refuses_client_certificate(error) => {
            format!("the server demands a client certificate, which okdok does not send ({error})")
        }
        error => error.to_string(),
    };
    format!("no secure connection to {origin}: {reason}. The request was not acted upon")
}
