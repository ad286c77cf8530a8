//! Makes the library's modules those of each fuzz target, and public, so that a target reaches what no other crate can, and
//! the library has nothing in it for that.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../src").canonicalize()?;
    println!("cargo::rerun-if-changed={}", source.display());
    let mut modules = String::new();
    for line in fs::read_to_string(source.join("lib.rs"))?.lines() {
        let Some(room) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        writeln!(modules, "#[allow(dead_code, unused_imports, non_camel_case_types)]\npub mod {room} {{")?;
        for line in fs::read_to_string(source.join(room).join("mod.rs"))?.lines() {
            match line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                Some(name) => {
                    let path = source.join(room).join(name).with_extension("rs");
                    writeln!(modules, "#[path = {path:?}]\npub mod {name};")?;
                }
                None => writeln!(modules, "{line}")?,
            }
        }
        modules.push_str("}\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("okdok.rs"), modules)?;
    Ok(())
}
