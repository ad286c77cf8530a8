//! Makes the library's modules those of each fuzz target, so that a target reaches what no other crate can, and the
//! library has nothing in it for that.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../src").canonicalize()?;
    println!("cargo::rerun-if-changed={}", source.display());
    let mut modules = String::new();
    for line in fs::read_to_string(source.join("lib.rs"))?.lines() {
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            let path = source.join(name).join("mod.rs");
            writeln!(modules, "#[allow(dead_code, non_camel_case_types)]\n#[path = {path:?}]\nmod {name};")?;
        }
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("okdok.rs"), modules)?;
    Ok(())
}
