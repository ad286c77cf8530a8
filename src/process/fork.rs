//! `fork`: a child has our memory but none of our threads, and finds that out by itself, however it was made.
//!
//! No lock of ours is held across a fork, because no lock of ours exists that a child would take.

#[cfg(unix)]
mod system {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

    /// Where a process notes its generation; 0 in a child that has not noted its own yet.
    static NOTE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
    /// The note where the kernel wipes no page: a child handler does it.
    static WIPED_BY_HANDLER: AtomicU32 = AtomicU32::new(0);
    /// Generations given out in this process and those that it was forked from.
    static COUNT: AtomicU32 = AtomicU32::new(0);

    /// A number that differs from that of every process that this one was forked from. (Process ids would not do: they
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
                // SAFETY: the handler is a function of a library that is never unloaded (`-z nodelete`), and only stores.
                // Two threads may both register it: a fork then wipes the note twice before anybody reads it.
                unsafe { libc::pthread_atfork(None, None, Some(wipe)) };
                ptr::from_ref(&WIPED_BY_HANDLER).cast_mut()
            });
            // Another thread may have come first; its note counts, and a page stays unused.
            if let Err(first) = NOTE.compare_exchange(ptr::null_mut(), note, Ordering::AcqRel, Ordering::Acquire) {
                note = first;
            }
        }
        // SAFETY: a static, or a page that is never unmapped, is aligned, and reads as 0 at first: a valid number.
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
        // SAFETY: asks for memory that nobody has yet, and hands out only what it got. The kernel rounds the length up.
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
    /// No process is forked here.
    pub fn generation() -> u32 {
        1
    }
}

pub use system::generation;
