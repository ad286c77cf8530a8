//! Generates the C header, and passes the linker options that cargo does not.

use std::error::Error;
use std::{env, fs};

/// The order is that of the header.
const DECLARATIONS: [&str; 4] =
    ["src/outcome/status.rs", "src/abi/options.rs", "src/abi/error.rs", "src/abi/exports.rs"];
const HEADER: &str = "include/okdok.h";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed={HEADER}");
    for source in DECLARATIONS {
        println!("cargo::rerun-if-changed={source}");
    }
    generate_header()?;

    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libokdok.so.{}", abi_version()?);
        // The library must stay loaded after `dlclose`, since its threads run its code.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    Ok(())
}

fn generate_header() -> Result<(), Box<dyn Error>> {
    let mut config = cbindgen::Config::from_file("cbindgen.toml")?;
    config.after_includes = Some(macros()?);
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in DECLARATIONS {
        builder = builder.with_src(source);
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    if fs::read(HEADER).is_ok_and(|present| present == header) {
        return Ok(());
    }
    if let Err(error) = fs::write(HEADER, &header) {
        // A read-only source tree must still build.
        println!("cargo::warning={HEADER} is not what the sources generate, and cannot be written: {error}");
    }
    Ok(())
}

/// What cbindgen cannot derive from Rust. (Its option `trailer` would put this after the include guard.)
fn macros() -> Result<String, env::VarError> {
    let version = |part: &str| env::var(format!("CARGO_PKG_VERSION{part}"));
    let (full, major, minor, patch) = (version("")?, version("_MAJOR")?, version("_MINOR")?, version("_PATCH")?);
    Ok(format!(
        r#"
/** The version of this header, "{full}". `okdok_version()` returns that of the library. */
#define OKDOK_VERSION "{full}"
#define OKDOK_VERSION_MAJOR {major} /**< First part of `OKDOK_VERSION`. */
#define OKDOK_VERSION_MINOR {minor} /**< Second part of `OKDOK_VERSION`. */
#define OKDOK_VERSION_PATCH {patch} /**< Third part of `OKDOK_VERSION`. */

/** Initialises an `okdok_options`: sets its size, and the default for everything else. */
#define OKDOK_OPTIONS_INIT {{ sizeof(okdok_options), 0, 0, 0, NULL, NULL, NULL }}
"#
    ))
}

/// The number in the SONAME, from the only place where it is defined.
fn abi_version() -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string("src/abi/exports.rs")?;
    let declaration = source.split_once("pub const OKDOK_ABI_VERSION: u32 = ");
    let number = declaration.and_then(|(_, rest)| rest.split_once(';'));
    Ok(number.ok_or("src/abi/exports.rs does not say the version of the ABI")?.0.to_owned())
}
