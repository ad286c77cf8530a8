//! Reads the certificate store of Windows and macOS, and nothing else: `load_native_certs` would also read the environment.

use std::io;

use rustls::pki_types::CertificateDer;

#[cfg(windows)]
pub fn read() -> (Vec<CertificateDer<'static>>, Vec<io::Error>) {
    use schannel::cert_context::{CertContext, ValidUses};
    use schannel::cert_store::CertStore;

    const SERVER_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.1";
    let is_for_servers = |certificate: &CertContext| match certificate.valid_uses() {
        Ok(ValidUses::All) => true,
        Ok(ValidUses::Oids(uses)) => uses.iter().any(|it| it == SERVER_AUTHENTICATION),
        Err(_) => false,
    };
    match CertStore::open_current_user("ROOT") {
        Ok(store) => {
            let usable = store.certs().filter(|it| is_for_servers(it) && it.is_time_valid().unwrap_or(false));
            (usable.map(|it| it.to_der().to_vec().into()).collect(), vec![])
        }
        Err(error) => (vec![], vec![error]),
    }
}

#[cfg(target_os = "macos")]
pub fn read() -> (Vec<CertificateDer<'static>>, Vec<io::Error>) {
    use std::collections::BTreeMap;

    use security_framework::trust_settings::{Domain, TrustSettings, TrustSettingsForCertificate};

    let mut trusted = BTreeMap::new();
    let mut errors = vec![];
    // The user's settings take precedence over the administrator's, and these over the system's.
    for domain in [Domain::User, Domain::Admin, Domain::System] {
        let settings = TrustSettings::new(domain);
        match settings.iter() {
            Ok(certificates) => {
                for certificate in certificates {
                    match settings.tls_trust_settings_for_certificate(&certificate) {
                        // A certificate without settings is trusted.
                        Ok(setting) => {
                            let setting = setting.unwrap_or(TrustSettingsForCertificate::TrustRoot);
                            trusted.entry(certificate.to_der()).or_insert(setting);
                        }
                        Err(error) => errors.push(io::Error::other(error)),
                    }
                }
            }
            Err(error) => errors.push(io::Error::other(error)),
        }
    }
    let is_root =
        |setting| matches!(setting, TrustSettingsForCertificate::TrustRoot | TrustSettingsForCertificate::TrustAsRoot);
    (trusted.into_iter().filter(|(_, setting)| is_root(*setting)).map(|(der, _)| der.into()).collect(), errors)
}
