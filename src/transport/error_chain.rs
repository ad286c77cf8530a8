//! Errors of the HTTP stack, and the errors that they wrap.

use std::error::Error;
use std::io;

use super::resolver::ResolveError;

/// An error and all errors that it wraps. `io::Error::source()` skips the error directly inside it.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}

/// The text of the innermost error.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The first error of this type in the chain.
pub fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// Whether the system had no thread, descriptor or memory map left.
pub fn is_out_of_resources(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(is_exhaustion)
}

fn is_exhaustion(error: &(dyn Error + 'static)) -> bool {
    #[cfg(unix)]
    const EXHAUSTED: &[i32] = &[libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    #[cfg(windows)]
    const EXHAUSTED: &[i32] = &[10_024, 10_055]; // WSAEMFILE, WSAENOBUFS
    if let Some(ResolveError::NoThread(_)) = error.downcast_ref() {
        return true;
    }
    let io = match error.downcast_ref() {
        Some(ResolveError::Lookup(io)) => Some(io),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.and_then(io::Error::raw_os_error).is_some_and(|code| EXHAUSTED.contains(&code))
}
