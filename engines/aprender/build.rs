//! Tells the program two facts about its own build: the compiler's version, and
//! the engine's version in the lock file. Both are read at build time, so that
//! neither can be wrong.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The prefix of a runner's package name, before the name of the engine's
/// crate.
const PACKAGE_PREFIX: &str = "cupel-engine-";

fn main() -> Result<(), Box<dyn Error>> {
    let lock_path = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", lock_path.display());
    println!("cargo::rerun-if-env-changed=RUSTC");

    let package = env::var("CARGO_PKG_NAME")?;
    let engine = package.strip_prefix(PACKAGE_PREFIX).unwrap_or(&package);
    let engine_version = locked_version(&fs::read_to_string(lock_path)?, engine)
        .ok_or_else(|| format!("Cargo.lock does not hold {engine}"))?;
    println!("cargo::rustc-env=ENGINE_VERSION={engine_version}");
    println!("cargo::rustc-env=RUSTC_VERSION={}", compiler_version()?);
    Ok(())
}

/// The version of `package` in a lock file. Cargo writes one key on each line,
/// and the version right after the name. That is too little to need a TOML
/// parser.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name_line = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name_line);
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    Some(version.strip_suffix('"')?.to_owned())
}

/// The compiler's version line, such as `rustc 1.95.0 (59807616e ...)`.
fn compiler_version() -> Result<String, Box<dyn Error>> {
    let output = Command::new(env::var("RUSTC")?).arg("--version").output()?;
    if !output.status.success() {
        return Err("the compiler does not tell its version".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
