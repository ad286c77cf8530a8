//! Keeps the library in memory once it has been used, since its threads run its code. On ELF systems the linker flag
//! `-z nodelete` does this.

#[cfg(windows)]
pub fn pin() {
    use windows_sys::Win32::Foundation::HMODULE;
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    let mut module: HMODULE = std::ptr::null_mut();
    let inside: *const u16 = (pin as fn() as *const ()).cast();
    // SAFETY: with FROM_ADDRESS the "name" is any address inside the module, here that of this function; it is not read.
    unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
            inside,
            &raw mut module,
        );
    }
}

#[cfg(not(windows))]
pub fn pin() {}
