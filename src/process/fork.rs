//! Detects `fork`. A child has our memory but none of our threads; it notices this by itself, whichever call forked it.
//!
//! We hold no lock across a fork, because we have no lock that a child would take.

#[cfg(unix)]
mod system {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

    /// Where a process notes its generation; 0 in a child that has not noted its own yet.
    static NOTE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
    /// The note if the kernel cannot wipe a page: a child handler sets it to 0.
    static WIPED_BY_HANDLER: AtomicU32 = AtomicU32::new(0);
    /// Generations given out so far, in this process and in those that it was forked from.
    static COUNT: AtomicU32 = AtomicU32::new(0);

    /// The number of this process. It differs from those of all processes that this one was forked from. (Process ids may
    /// repeat across namespaces.)
    pub fn generation() -> u32 {
        let note = note();
        match note.load(Ordering::Acquire) {
            0 => {
                let next = COUNT.fetch_add(1, Ordering::AcqRel) + 1;
                note.compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire).map_or_else(|first| first, |_| next)
            }
            noted => noted,
        }
    }

    fn note() -> &'static AtomicU32 {
        let mut note = NOTE.load(Ordering::Acquire);
        if note.is_null() {
            note = wiped_by_kernel().unwrap_or_else(|| {
                // SAFETY: the handler only stores a number, and its library is never unloaded (`-z nodelete`). If two threads
                // register it, a fork wipes the note twice, before anybody reads it.
                unsafe { libc::pthread_atfork(None, None, Some(wipe)) };
                ptr::from_ref(&WIPED_BY_HANDLER).cast_mut()
            });
            // Another thread may have been first. Its note counts, and our page stays unused.
            if let Err(first) = NOTE.compare_exchange(ptr::null_mut(), note, Ordering::AcqRel, Ordering::Acquire) {
                note = first;
            }
        }
        // SAFETY: a static, or a page that is never unmapped; either is aligned, and initially 0, a valid number.
        unsafe { &*note }
    }

    extern "C" fn wipe() {
        WIPED_BY_HANDLER.store(0, Ordering::Release);
    }

    #[cfg(target_os = "linux")]
    fn wiped_by_kernel() -> Option<*mut AtomicU32> {
        const LENGTH: usize = size_of::<AtomicU32>();
        const ACCESS: std::ffi::c_int = libc::PROT_READ | libc::PROT_WRITE;
        const KIND: std::ffi::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: maps new memory, and returns it only if that succeeded. The kernel rounds the length up.
        unsafe {
            let page = libc::mmap(ptr::null_mut(), LENGTH, ACCESS, KIND, -1, 0);
            if page == libc::MAP_FAILED {
                return None;
            }
            if libc::madvise(page, LENGTH, libc::MADV_WIPEONFORK) != 0 {
                libc::munmap(page, LENGTH); // Linux before 4.14
                return None;
            }
            Some(page.cast())
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn wiped_by_kernel() -> Option<*mut AtomicU32> {
        None
    }
}

#[cfg(not(unix))]
mod system {
    /// This system has no `fork`.
    pub fn generation() -> u32 {
        1
    }
}

pub use system::generation;
