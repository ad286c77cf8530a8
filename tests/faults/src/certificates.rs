//! Certificates, made when first asked for, and the files that trust them.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CrlDistributionPoint, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, NameConstraints, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::tls::Cert;

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Authorities {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    other_root: CertifiedIssuer<'static, KeyPair>,
    constrained_root: CertifiedIssuer<'static, KeyPair>,
    self_signed: (Certificate, KeyPair),
    self_signed_authority: (Certificate, KeyPair),
}

static AUTHORITIES: OnceLock<Result<Authorities, String>> = OnceLock::new();
static CONFIGS: Mutex<Option<HashMap<Cert, Arc<ServerConfig>>>> = Mutex::new(None);
static FILES: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Made when first asked for.
pub fn config(cert: Cert) -> Result<Arc<ServerConfig>, Failure> {
    let cert = if matches!(cert, Cert::Broken { .. }) { Cert::Good } else { cert };
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    let configs = configs.get_or_insert_default();
    if let Some(config) = configs.get(&cert) {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(make_config(cert)?);
    configs.insert(cert, Arc::clone(&config));
    Ok(config)
}

/// The file that trusts this certificate.
pub fn trust(cert: Cert) -> Result<PathBuf, Failure> {
    let authorities = authorities()?;
    let (name, pem) = match cert {
        Cert::SelfSigned => ("selfsigned.pem", authorities.self_signed.0.pem()),
        Cert::Authority => ("authority.pem", authorities.self_signed_authority.0.pem()),
        Cert::Directory => ("directory.pem", authorities.constrained_root.pem()),
        Cert::Incomplete(_) => ("intermediate.pem", authorities.intermediate.pem()),
        Cert::Rotated => ("rotated.pem", authorities.other_root.pem()),
        _ => ("root.pem", authorities.root.pem()),
    };
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match &*files {
        Some(folder) => folder,
        None => files.insert(new_folder()?),
    };
    let path = folder.join(name);
    if !path.exists() {
        fs::write(&path, pem)?;
    }
    Ok(path)
}

pub fn remove_files() {
    if let Some(folder) = FILES.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Left-over files do no harm, and there is nobody to report to.
        let _ = fs::remove_dir_all(folder);
    }
}

fn new_folder() -> io::Result<PathBuf> {
    // A killed server with the same process id may have left its own behind.
    for attempt in 0..100 {
        let folder = std::env::temp_dir().join(format!("okdok-faults-{}-{attempt}", std::process::id()));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(folder),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn authorities() -> Result<&'static Authorities, Failure> {
    let made = AUTHORITIES.get_or_init(|| make_authorities().map_err(|error| error.to_string()));
    made.as_ref().map_err(|error| error.as_str().into())
}

fn make_authorities() -> Result<Authorities, rcgen::Error> {
    let root = CertifiedIssuer::self_signed(authority("okdok test root"), KeyPair::generate()?)?;
    let intermediate = CertifiedIssuer::signed_by(authority("okdok test intermediate"), KeyPair::generate()?, &root)?;
    let other_root = CertifiedIssuer::self_signed(authority("okdok other test root"), KeyPair::generate()?)?;
    let mut constrained = authority("okdok constrained test root");
    let mut subtree = DistinguishedName::new();
    subtree.push(DnType::OrganizationName, "okdok");
    let permitted_subtrees = vec![GeneralSubtree::DirectoryName(subtree)];
    constrained.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
    let constrained_root = CertifiedIssuer::self_signed(constrained, KeyPair::generate()?)?;
    let self_sign = |is_ca| -> Result<_, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = leaf(&["localhost", "127.0.0.1", "::1"])?;
        params.distinguished_name.push(DnType::CommonName, "okdok self-signed");
        params.is_ca = is_ca;
        Ok((params.self_signed(&key)?, key))
    };
    let self_signed = self_sign(IsCa::NoCa)?;
    // As openssl req -x509 makes them; many people use these as server certificates.
    let self_signed_authority = self_sign(IsCa::Ca(BasicConstraints::Unconstrained))?;
    Ok(Authorities { root, intermediate, other_root, constrained_root, self_signed, self_signed_authority })
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Authority Information Access (RFC 5280, 4.2.2.1), which rcgen does not know.
fn ocsp_responder(url: &str) -> Result<CustomExtension, Failure> {
    const ID_PE_AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
    const ID_AD_OCSP: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    let der = |tag: u8, content: &[u8]| -> Result<Vec<u8>, Failure> {
        // Below 128 a length is one byte.
        let length = u8::try_from(content.len()).ok().filter(|length| *length < 128).ok_or("too long for this")?;
        Ok([&[tag, length], content].concat())
    };
    let location = der(0x86, url.as_bytes())?;
    let description = der(0x30, &[ID_AD_OCSP, &location].concat())?;
    Ok(CustomExtension::from_oid_content(ID_PE_AUTHORITY_INFO_ACCESS, der(0x30, &description)?))
}

fn revocation_list_at(port: u16) -> CrlDistributionPoint {
    CrlDistributionPoint { uris: vec![format!("http://127.0.0.1:{port}/list")] }
}

/// What the intermediate has revoked: nothing.
pub fn revocation_list() -> Result<Vec<u8>, Failure> {
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2001, 1, 1),
        next_update: date_time_ymd(2999, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(&authorities()?.intermediate)?.der().to_vec())
}

fn make_config(cert: Cert) -> Result<ServerConfig, Failure> {
    let authorities = authorities()?;
    let mut params = leaf(&["localhost", "127.0.0.1", "::1"])?;
    let mut issuer = &authorities.root;
    let mut versions: Vec<&'static SupportedProtocolVersion> = vec![&TLS13, &TLS12];
    match cert {
        Cert::Expired => {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        Cert::Future => params.not_before = date_time_ymd(2999, 1, 1),
        Cert::WrongHost => params = leaf(&["elsewhere.example", "192.0.2.1"])?,
        Cert::WrongUsage => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Cert::Rotated => issuer = &authorities.other_root,
        Cert::Directory => {
            params.distinguished_name.push(DnType::OrganizationName, "okdok");
            issuer = &authorities.constrained_root;
        }
        Cert::Critical => {
            // anyPolicy, which clients that do not support policies may ignore only if it is not critical.
            const POLICIES: &[u8] = &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
            let mut policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], POLICIES.to_vec());
            policies.set_criticality(true);
            params.custom_extensions = vec![policies];
        }
        Cert::Incomplete(list) => {
            issuer = &authorities.intermediate;
            params.crl_distribution_points = list.into_iter().map(revocation_list_at).collect();
        }
        Cert::Chain => issuer = &authorities.intermediate,
        Cert::Responder(port) => {
            params.crl_distribution_points = vec![revocation_list_at(port)];
            params.custom_extensions = vec![ocsp_responder(&format!("http://127.0.0.1:{port}/ocsp"))?];
        }
        Cert::Tls12 | Cert::ClientAuth12 => versions = vec![&TLS12],
        Cert::Tls13 | Cert::ClientAuth13 => versions = vec![&TLS13],
        _ => {}
    }
    let made = match cert {
        Cert::SelfSigned => Some(&authorities.self_signed),
        Cert::Authority => Some(&authorities.self_signed_authority),
        _ => None,
    };
    let (mut chain, key) = if let Some((certificate, key)) = made {
        (vec![certificate.der().clone()], key.serialize_der())
    } else {
        let key = KeyPair::generate()?;
        (vec![params.signed_by(&key, issuer)?.der().clone()], key.serialize_der())
    };
    if cert == Cert::Chain {
        chain.push(authorities.intermediate.der().clone());
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions)?;
    let builder = if matches!(cert, Cert::ClientAuth12 | Cert::ClientAuth13) {
        let mut roots = RootCertStore::empty();
        roots.add(authorities.root.der().clone())?;
        builder
            .with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
    } else {
        builder.with_no_client_auth()
    };
    let key = ring::sign::any_supported_type(&PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)))?;
    // Not `with_single_cert`, which refuses what the clients should refuse.
    let certificate = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    Ok(builder.with_cert_resolver(Arc::new(certificate)))
}
