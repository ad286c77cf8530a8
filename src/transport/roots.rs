//! Which certificate authorities a client trusts.

use std::error::Error;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::load_certs_from_paths;

use crate::outcome::Refusal;
use crate::process;

use super::error_chain::is_out_of_resources;
#[cfg(all(unix, not(target_os = "macos")))]
use super::spare_roots::SpareRoots;
#[cfg(any(windows, target_os = "macos"))]
use super::system_store;

/// Bundles have about 200 KB; a file that is larger than this is not one.
const LARGEST_CA_FILE: u64 = 16 * 1024 * 1024;

/// A file that is changed twice within this time may look the same after both changes.
const COARSEST_CLOCK: Duration = Duration::from_secs(1);

/// Where a client's roots come from.
#[derive(PartialEq, Eq)]
pub enum Place {
    /// Plain http needs none.
    None,
    /// The files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    Named {
        file: Option<PathBuf>,
        folders: Vec<PathBuf>,
    },
    System,
    /// `ca_file`.
    Bundle(PathBuf),
}

/// What a place held when it was looked at. Clients that found the same share their roots. A file that has changed since then
/// is not the same.
#[derive(Clone, Debug)]
pub enum Found {
    None,
    Files {
        file: Option<PathBuf>,
        folders: Vec<PathBuf>,
        /// Folders that nobody needs to read as long as the file's certificates do.
        spare: Vec<PathBuf>,
        stamps: Vec<Stamp>,
    },
    /// The system's own store.
    #[cfg(any(windows, target_os = "macos"))]
    Store,
    Bundle(Arc<[u8]>),
}

/// The authorities that a transport trusts.
pub struct Roots {
    pub known: Arc<RootCertStore>,
    pub behind: Behind,
}

/// What decides about a chain that the known roots do not complete.
#[derive(PartialEq)]
pub enum Behind {
    Nothing,
    #[cfg(any(windows, target_os = "macos"))]
    System,
    #[cfg(all(unix, not(target_os = "macos")))]
    Spare(Arc<SpareRoots>),
}

impl PartialEq for Roots {
    fn eq(&self, other: &Self) -> bool {
        self.behind == other.behind && self.known.roots == other.known.roots
    }
}

/// Shows whether a file has changed, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    identity: [i64; 4],
    /// The last change is so recent that a further one might not show.
    young: bool,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            #[cfg(any(windows, target_os = "macos"))]
            (Self::Store, Self::Store) => true,
            (Self::Bundle(one), Self::Bundle(other)) => one == other,
            (
                Self::Files { file, folders, stamps, .. },
                Self::Files { file: other_file, folders: other_folders, stamps: others, .. },
            ) => {
                (file, folders, stamps) == (other_file, other_folders, others)
                    && !stamps.iter().any(|stamp| stamp.young)
            }
            _ => false,
        }
    }
}

impl Place {
    /// The place stays the same as long as the client lives: the environment is not read again.
    pub fn new(ca_file: Option<&str>, https: bool) -> Result<Self, Refusal> {
        if let Some(path) = ca_file {
            let place = Self::Bundle(absolute(path.into()));
            if https {
                return Ok(place);
            }
            // Plain http does not need it, but a bad file should be noticed before the base URL becomes https.
            place.look()?.load()?;
        }
        if !https {
            return Ok(Self::None);
        }
        let file = process::variable("SSL_CERT_FILE").map(|path| absolute(path.into()));
        let folders = process::variable("SSL_CERT_DIR")
            .map_or(Vec::new(), |list| std::env::split_paths(&list).map(absolute).collect());
        Ok(if file.is_none() && folders.is_empty() { Self::System } else { Self::Named { file, folders } })
    }

    /// Looks at the files' metadata only, except for `ca_file`, which it reads.
    pub fn look(&self) -> Result<Found, Refusal> {
        Ok(match self {
            Self::None => Found::None,
            Self::Bundle(path) => Found::Bundle(read_ca_file(path)?.into()),
            Self::Named { file, folders } => {
                let stamps =
                    file.iter().map(|path| Stamp::of(path)).chain(folders.iter().flat_map(|it| Stamp::within(it)));
                Found::Files {
                    stamps: stamps.collect(),
                    file: file.clone(),
                    folders: folders.clone(),
                    spare: Vec::new(),
                }
            }
            Self::System => system::look(),
        })
    }
}

impl Stamp {
    /// The stamps of a folder and all its files.
    fn within(folder: &Path) -> Vec<Self> {
        let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
        files.sort_unstable();
        files.iter().map(PathBuf::as_path).chain([folder]).map(Self::of).collect()
    }

    fn of(path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        let changed = metadata.as_ref().and_then(changed).max(modified);
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        Self {
            size: metadata.as_ref().map_or(0, Metadata::len),
            modified,
            identity: metadata.as_ref().map_or([0; 4], identity),
            // A change in the future counts as recent.
            young: changed.is_some() && age.is_none_or(|age| age < COARSEST_CLOCK),
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

/// Unlike `modified`, nobody can set this back.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, u32::try_from(metadata.ctime_nsec()).ok()?))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> [i64; 4] {
    [1; 4]
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<SystemTime> {
    None
}

impl Found {
    pub fn load(&self) -> Result<Arc<Roots>, Refusal> {
        let mut roots = RootCertStore::empty();
        let mut behind = Behind::Nothing;
        match self {
            Self::None => {}
            Self::Files { file, folders, spare, .. } => {
                let mut certificates = Vec::new();
                let mut errors: Vec<Box<dyn Error>> = Vec::new();
                if let Some(file) = file {
                    match read(file) {
                        Ok(pem) => certificates.extend(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok)),
                        Err(error) if is_out_of_resources(&error) => errors.push(error.into()),
                        Err(error) => errors.push(format!("{}: {error}", file.display()).into()),
                    }
                }
                #[cfg(all(unix, not(target_os = "macos")))]
                if !certificates.is_empty() && !spare.is_empty() {
                    behind = Behind::Spare(Arc::new(SpareRoots::new(spare.clone())));
                }
                let now = folders.iter().chain(spare.iter().filter(|_| behind == Behind::Nothing));
                for folder in now {
                    let found = load_certs_from_paths(None, Some(folder));
                    certificates.extend(found.certs);
                    errors.extend(found.errors.into_iter().map(Box::from));
                }
                add(&mut roots, certificates, &errors)?;
            }
            #[cfg(any(windows, target_os = "macos"))]
            Self::Store => {
                behind = Behind::System;
                let (certificates, errors) = system_store::read();
                add(&mut roots, certificates, &errors.into_iter().map(Box::from).collect::<Vec<_>>())?;
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
        Ok(Arc::new(Roots { known: Arc::new(roots), behind }))
    }
}

fn add(
    roots: &mut RootCertStore,
    found: Vec<CertificateDer<'static>>,
    errors: &[Box<dyn Error>],
) -> Result<(), Refusal> {
    roots.add_parsable_certificates(found);
    if let Some(error) = errors.iter().find(|error| is_out_of_resources(&***error)) {
        return Err(Refusal::NoResources(format!("the system's certificates cannot be read: {error}")));
    }
    if roots.is_empty() {
        let why = errors.first().map_or(String::new(), |error| format!(" ({error})"));
        return Err(Refusal::NoRoots(format!(
            "this system has no certificate authorities to trust{why}: install the package ca-certificates, set \
             SSL_CERT_FILE, or give a bundle in ca_file"
        )));
    }
    Ok(())
}

#[cfg(all(unix, not(target_os = "macos")))]
mod system {
    use std::path::PathBuf;

    use super::{Found, Stamp};

    /// Where distributions keep their bundle. The first one that exists is used.
    const BUNDLES: [&str; 8] = [
        "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL 7 and later
        "/etc/pki/tls/certs/ca-bundle.crt",                  // RHEL 6
        "/etc/ssl/ca-bundle.pem",                            // openSUSE
        "/etc/pki/tls/cacert.pem",                           // OpenELEC
        "/etc/ssl/cert.pem",                                 // Alpine
        "/usr/local/etc/ssl/cert.pem",                       // FreeBSD
        "/etc/openssl/certs/ca-certificates.crt",            // NetBSD
    ];
    const FOLDERS: [&str; 4] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs"];

    /// If there is a bundle, the folders are looked at as such, not file by file: whatever updates one updates the other.
    pub fn look() -> Found {
        let file = BUNDLES.iter().map(PathBuf::from).find(|path| path.exists());
        let folders: Vec<_> = FOLDERS.iter().map(PathBuf::from).filter(|path| path.exists()).collect();
        let stamps: Vec<_> = match &file {
            Some(file) => [file].into_iter().chain(&folders).map(|path| Stamp::of(path)).collect(),
            None => folders.iter().flat_map(|folder| Stamp::within(folder)).collect(),
        };
        // Clients that find young files share their roots by what these hold, so all is read then.
        let (folders, spare) = if file.is_none() || stamps.iter().any(|stamp| stamp.young) {
            (folders, vec![])
        } else {
            (vec![], folders)
        };
        Found::Files { file, folders, spare, stamps }
    }
}

#[cfg(any(windows, target_os = "macos"))]
mod system {
    use super::Found;

    pub fn look() -> Found {
        Found::Store
    }
}

/// Makes a path absolute, since the process may change its working directory.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn read_ca_file(path: &Path) -> Result<Vec<u8>, Refusal> {
    read(path).map_err(|error| {
        let message = format!("options.ca_file \"{}\" cannot be read: {error}", path.display());
        if is_out_of_resources(&error) { Refusal::NoResources(message) } else { Refusal::argument(message) }
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Checked before opening, since opening a pipe may block for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_CA_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_CA_FILE {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}
