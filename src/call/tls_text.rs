//! Texts that tell a person why TLS failed, and what to do. Every error of rustls has a text.

use rustls::{AlertDescription, CertificateError, Error, HandshakeType, InvalidMessage, PeerIncompatible};

use crate::transport::refuses_client_certificate;

/// `origin` is what okdok tried to connect to.
pub fn message(origin: &str, error: &Error) -> String {
    format!("no secure connection to {origin}: {}. The request was not acted upon", reason(error))
}

pub fn reason(error: &Error) -> String {
    use PeerIncompatible::{
        NoCertificateRequestSignatureSchemesInCommon, NoCipherSuitesInCommon, NoKxGroupsInCommon,
        NoSignatureSchemesInCommon,
    };
    let text = match error {
        Error::InvalidCertificate(error) => return certificate(error),
        error if refuses_client_certificate(error) || asks_for_client_certificate(error) => {
            "the server demands a client certificate, which okdok does not send"
        }
        Error::PeerIncompatible(
            NoCipherSuitesInCommon
            | NoKxGroupsInCommon
            | NoSignatureSchemesInCommon
            | NoCertificateRequestSignatureSchemesInCommon,
        )
        | Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity) => {
            "the server has no cipher, curve or signature in common with okdok, which needs TLS 1.3, or TLS 1.2 with ECDHE \
             (X25519, P-256, P-384) and AES-GCM or ChaCha20: enable one of these on the server"
        }
        Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the server does not support TLS 1.2 or newer, which okdok needs: enable it on the server"
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the server does not know this host name; check base_url"
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port; check the port of base_url"
        }
        Error::NoCertificatesPresented => "the server sent no certificate; check its configuration",
        Error::AlertReceived(_) => return format!("the server refused the handshake; its log may say why ({error})"),
        Error::General(_) | Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => {
            return format!(
                "TLS cannot work in this process; check the machine's clock and random generator ({error})"
            );
        }
        _ => {
            return format!(
                "the server did not follow the TLS protocol; check base_url, and anything in between, such as a firewall ({error})"
            );
        }
    };
    text.into()
}

/// Servers ask after the handshake (TLS 1.3), or by starting another one (IIS, TLS 1.2).
fn asks_for_client_certificate(error: &Error) -> bool {
    matches!(
        error,
        Error::InappropriateHandshakeMessage {
            got_type: HandshakeType::CertificateRequest | HandshakeType::HelloRequest,
            ..
        }
    )
}

fn certificate(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired (is this machine's clock right?)"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet (is this machine's clock right?)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return format!("the server's certificate is for another host ({error})");
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate comes from an issuer that is not trusted (self-signed, a private authority, or an \
             intermediate certificate is missing); name the authority's bundle in ca_file"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not meant for servers (wrong key usage)"
        }
        CertificateError::BadEncoding => "the server's certificate is malformed; it needs a new one",
        CertificateError::BadSignature => {
            "a signature of the server or in its certificates is not valid: an RSA key has fewer than 2048 bits, or \
             something in between changed the certificates; the server needs a key of at least 2048 bits"
        }
        #[expect(deprecated, reason = "it may still come")]
        CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificates have a signature that okdok cannot check (P-521, or a curve with an unusual hash): use \
             RSA, P-256 with SHA-256, P-384 with SHA-384, or Ed25519"
        }
        CertificateError::Other(error) => return unusual_certificate(&error.0.to_string()),
        error => return unusual_certificate(&error.to_string()),
    };
    text.into()
}

/// Errors that only webpki has names for.
fn unusual_certificate(error: &str) -> String {
    let text = match error {
        "CaUsedAsEndEntity" => {
            "the server uses the certificate of an authority (CA:TRUE) as its own; let the authority issue one for the server"
        }
        "NameConstraintViolation" => {
            "the authority that issued the server's certificate is not allowed to do so for this name (name constraints)"
        }
        "EndEntityUsedAsCa" | "PathLenConstraintViolated" => {
            "one of the server's certificates was issued by a certificate that is not allowed to issue any"
        }
        "UnsupportedCriticalExtension" | "UnhandledCriticalExtension" => {
            "one of the server's certificates has a critical extension that okdok does not know, so it has to be refused; \
             issue it without that extension"
        }
        "MaximumPathBuildCallsExceeded" | "MaximumPathDepthExceeded" | "MaximumSignatureChecksExceeded" => {
            "the server sends too many certificates; it should send only its own and the intermediate ones"
        }
        _ => return format!("the server's certificate is not acceptable ({error}); it needs one that browsers accept"),
    };
    text.into()
}
