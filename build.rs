//! Compiles `proto/` with protox, a protobuf compiler in Rust, so that nobody needs `protoc`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["api_v2.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;

    // Its own folder, since the package is the same and so is the name of the file.
    let raw = PathBuf::from(std::env::var("OUT_DIR")?).join("raw");
    std::fs::create_dir_all(&raw)?;
    let descriptors = protox::compile(["raw_batch.proto"], ["proto"])?;
    tonic_prost_build::configure()
        .bytes(".")
        .out_dir(raw)
        .compile_fds(descriptors)?;
    Ok(())
}
