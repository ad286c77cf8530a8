//! Generates the C header, and tells the linker what cargo does not.

use std::path::Path;
use std::{env, fs};

/// In the order in which the header should be read.
const DECLARATIONS: [&str; 4] = ["src/status.rs", "src/arguments.rs", "src/error.rs", "src/boundary.rs"];
const HEADER: &str = "include/okdok.h";

fn main() {
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed={HEADER}");
    for source in DECLARATIONS {
        println!("cargo::rerun-if-changed={source}");
    }
    generate_header();

    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libokdok.so.{}", abi_version());
        // Its threads run its code: it stays loaded after `dlclose`.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

fn generate_header() {
    let mut config = cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml is readable");
    config.after_includes = Some(macros());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in DECLARATIONS {
        builder = builder.with_src(source);
    }
    let mut header = Vec::new();
    builder.generate().expect("the declarations are C").write(&mut header);
    if fs::read(HEADER).is_ok_and(|present| present == header) {
        return;
    }
    if let Err(error) = fs::write(HEADER, &header) {
        // A read-only source tree must still build.
        println!("cargo::warning={HEADER} is not what the sources generate, and cannot be written: {error}");
    }
}

/// What cbindgen cannot derive from Rust. Not as its `trailer`, which lands behind the include guard.
fn macros() -> String {
    let version = |part: &str| env::var(format!("CARGO_PKG_VERSION{part}")).expect("cargo sets the version");
    let (full, major, minor, patch) = (version(""), version("_MAJOR"), version("_MINOR"), version("_PATCH"));
    format!(
        r#"
/** The version of this header, "{full}"; that of the library is `okdok_version()`. */
#define OKDOK_VERSION "{full}"
#define OKDOK_VERSION_MAJOR {major}
#define OKDOK_VERSION_MINOR {minor}
#define OKDOK_VERSION_PATCH {patch}

/** Sets up an `okdok_options`: its size, and the default for everything else. */
#define OKDOK_OPTIONS_INIT {{ sizeof(okdok_options), 0, 0, 0, NULL, NULL, NULL }}
"#
    )
}

/// The one place where the number stands is the source.
fn abi_version() -> String {
    let source = fs::read_to_string(Path::new("src/boundary.rs")).expect("src/boundary.rs is readable");
    let (_, rest) =
        source.split_once("pub const OKDOK_ABI_VERSION: u32 = ").expect("src/boundary.rs says the version of the ABI");
    rest.split(';').next().expect("the version ends").to_owned()
}
